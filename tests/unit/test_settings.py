"""Settings from the environment."""

import os
from collections.abc import Iterator

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
