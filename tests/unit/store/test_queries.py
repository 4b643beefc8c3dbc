import re

import pytest

from shared.store.queries import SCHEMA, query

NAMES = sorted(path.stem for path in (SCHEMA / "queries").glob("*.sql"))


@pytest.mark.parametrize("name", NAMES)
def test_a_percent_sign_only_begins_a_parameter(name: str) -> None:
    assert not re.search(rb"%(?!\([a-z_]+\)s)", query(name))


def test_texts_are_read_once() -> None:
    assert query(NAMES[0]) is query(NAMES[0])


def test_an_unknown_name() -> None:
    with pytest.raises(FileNotFoundError):
        query("no_such_query")
