"""Keys are found by their text, changes are seen within a second, and outages do not open doors."""

import asyncio
import time
from collections.abc import Iterable

import pytest

from shared.access.keyring import GRACE, MAX_AGE, Keyring
from shared.access.keys import Key, make_key
from shared.errors import Problem


class Table:
    """Keys that can be changed, and be away; time passes when it is told to."""

    def __init__(self) -> None:
        self.keys: dict[str, Key] = {}
        self.away = False
        self.reads = 0
        self.now = 1000.0
        self.ring = Keyring(self._read, lambda: self.now)

    def create(self, expires_at: float | None = None) -> str:
        text, key = make_key(["report"], 0, expires_at)
        self.keys[key.id] = key
        return text

    async def _read(self) -> Iterable[Key]:
        self.reads += 1
        if self.away:
            raise Problem("database_unavailable", "away")
        return list(self.keys.values())

    def knows(self, text: str) -> bool:
        return asyncio.run(self.ring.find(text)) is not None


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_key_is_found_by_its_whole_text_alone(table: Table) -> None:
    text = table.create()
    assert table.knows(text)
    for other in (
        text[:-1],
        text + "x",
        text[:-1] + "é",
        text.upper(),
        f" {text}",
        "",
        "hks_",
        "hks__",
    ):
        assert not table.knows(other)
    identity = text.split("_")[1]
    assert not table.knows(f"hks_{identity}_{table.keys[identity].digest}")


def test_a_new_key_and_a_revoked_one_are_seen_within_a_second(table: Table) -> None:
    first = table.create()
    assert table.knows(first)
    second = table.create()
    table.keys.pop(first.split("_")[1])
    table.now += MAX_AGE
    assert table.knows(second)
    assert not table.knows(first)


def test_keys_are_read_once_a_second_at_most(table: Table) -> None:
    text = table.create()
    for _ in range(10):
        table.knows(text)
        table.knows("hks_unknown_x")
        table.now += MAX_AGE / 10
    assert table.reads == 1


def test_an_expired_key_is_none(table: Table) -> None:
    assert table.knows(table.create(time.time() + 60))
    table.now += MAX_AGE
    assert not table.knows(table.create(time.time() - 1))


def test_what_is_known_is_used_for_a_while_without_the_table(table: Table) -> None:
    text = table.create()
    assert table.knows(text)
    table.away = True
    table.now += GRACE
    assert table.knows(text)
    table.now += MAX_AGE
    with pytest.raises(Problem) as raised:
        table.knows(text)
    assert raised.value.kind.code == "keys_unavailable"
    table.away = False
    table.now += MAX_AGE
    assert table.knows(text)


def test_without_the_table_nobody_gets_in(table: Table) -> None:
    text = table.create()
    table.away = True
    for _ in range(3):
        with pytest.raises(Problem) as raised:
            table.knows(text)
        assert raised.value.kind.status == 503
    assert table.reads == 1


def test_a_keys_text_is_long_and_its_digest_is_not_it() -> None:
    texts = {make_key(["admin"], 0, None)[0] for _ in range(100)}
    assert len(texts) == 100
    text, key = make_key(["ingest", "report"], 5, None)
    assert len(text) > 50
    assert text.split("_", 2)[2] not in repr(key)
    assert (key.scopes, key.rate) == (("ingest", "report"), 5)
