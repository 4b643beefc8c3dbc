"""Settings from the environment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import SECRETS, Settings, settings

PASSWORD = "pa55w0rd"  # noqa: S105 - what must not be shown
URL = f"postgresql://hookstream:{PASSWORD}@db/hookstream"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in SECRETS:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
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


def secret(folder: Path, content: str | bytes, name: str = "database-url") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_its_file(end: str, tmp_path: Path) -> None:
    secret(tmp_path, URL + end)
    assert settings().database_url == URL


def test_a_variable_wins_over_the_mounted_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret(tmp_path, URL)
    monkeypatch.setenv("DATABASE_URL", "postgresql://other")
    assert settings().database_url == "postgresql://other"


def test_a_named_file_wins_over_the_mounted_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret(tmp_path, URL)
    named = secret(tmp_path, "postgresql://named\n", "elsewhere")
    monkeypatch.setenv("DATABASE_URL_FILE", str(named))
    assert settings().database_url == "postgresql://named"


def test_any_setting_may_be_in_a_named_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT_FILE", str(secret(tmp_path, "9000\n", "port-number")))
    assert settings().port == 9000


def test_only_secrets_are_looked_for(tmp_path: Path) -> None:
    secret(tmp_path, "9000", "port")
    assert settings().port == 8080


def test_a_variable_and_a_named_file_are_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", URL)
    monkeypatch.setenv("DATABASE_URL_FILE", str(secret(tmp_path, URL, "elsewhere")))
    with pytest.raises(ValueError, match="both DATABASE_URL and DATABASE_URL_FILE") as raised:
        settings()
    assert PASSWORD not in str(raised.value)


def test_a_named_file_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "nowhere"
    monkeypatch.setenv("DATABASE_URL_FILE", str(path))
    with pytest.raises(ValueError, match=f"DATABASE_URL_FILE: {path}: No such file"):
        settings()


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\n", "is empty"), (b"\xff" + PASSWORD.encode(), "is not UTF-8")],
)
def test_an_unusable_secret_is_named(content: bytes, reason: str, tmp_path: Path) -> None:
    path = secret(tmp_path, content)
    with pytest.raises(ValueError, match=f"SECRETS_DIR: {path} {reason}") as raised:
        settings()
    assert PASSWORD not in str(raised.value)


def test_a_chosen_folder_has_to_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match=r"SECRETS_DIR: .*nowhere is not a folder"):
        settings()


def test_an_empty_name_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret(tmp_path, URL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRETS_DIR", "")
    assert settings().database_url == Settings().database_url


def test_secrets_are_not_shown() -> None:
    chosen = Settings(nats_url=f"nats://u:{PASSWORD}@nats", database_url=URL)
    assert PASSWORD not in repr(chosen)
    assert PASSWORD not in f"{chosen} {dict(chosen.__rich_repr__())}"
    assert "nats_url='***'" in repr(chosen)
    assert "port=8080" in repr(chosen)
    assert {"nats_url", "database_url"} <= SECRETS
