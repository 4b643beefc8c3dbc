"""Settings from the environment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import settings


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


def test_values_are_read_by_the_fields_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("MIGRATE_ON_START", "false")
    monkeypatch.setenv("RETRY_BASE", "1.5")
    monkeypatch.setenv("FB_CONSUME_URL", "http://fb")
    chosen = settings()
    assert (chosen.port, chosen.migrate_on_start, chosen.retry_base) == (9000, False, 1.5)
    assert chosen.fb_consume_url == "http://fb"
    assert chosen.ttk_consume_url is None


@pytest.mark.parametrize(("name", "value"), [("PORT", "x"), ("PORT", "70000"), ("ACK_WAIT", "0")])
def test_a_bad_value_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=name):
        settings()


def test_other_variables_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "port_", "x")
    settings()


def test_a_setting_may_be_a_file_of_the_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "database-url").write_text("postgresql://u:p@db/x\n")
    (tmp_path / "other").write_text("x")
    monkeypatch.setenv("SECRETS_PATH", str(tmp_path))
    assert settings().database_url == "postgresql://u:p@db/x"


def test_a_file_that_is_named_goes_before_the_secrets_and_the_variable_before_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("nats-url", "named"):
        (tmp_path / name).write_text(f"nats://{name}:4222\r\n")
    monkeypatch.setenv("SECRETS_PATH", str(tmp_path))
    monkeypatch.setenv("NATS_URL_FILE", str(tmp_path / "named"))
    assert settings().nats_url == "nats://named:4222"
    settings.cache_clear()
    monkeypatch.delenv("NATS_URL_FILE")
    monkeypatch.setenv("NATS_URL", "nats://variable:4222")
    assert settings().nats_url == "nats://variable:4222"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"NATS_URL_FILE": "/none/such"}, "NATS_URL_FILE"),
        ({"NATS_URL_FILE": "/etc/hostname", "NATS_URL": "nats://x"}, "NATS_URL"),
        ({"SECRETS_PATH": "/etc/hostname"}, "SECRETS_PATH"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    variables: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ValueError, match=named):
        settings()
