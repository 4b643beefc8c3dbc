"""What a database URL that names several servers is made of."""

import pytest
from psycopg.conninfo import conninfo_to_dict

from shared.store.hosts import to_primary

TWO = "postgresql://u:p%40ss@one:5432,two:6432/events?passfile=%2Fa%20b"


def test_of_several_servers_the_one_that_takes_writes_is_wanted() -> None:
    before, after = conninfo_to_dict(TWO), conninfo_to_dict(to_primary(TWO))
    assert after.pop("target_session_attrs") == "read-write"
    assert after == before
    assert (after["host"], after["port"], after["password"]) == ("one,two", "5432,6432", "p@ss")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u@one/events",
        "host=one dbname=events",
        f"{TWO}&target_session_attrs=any",
        "postgresql://u@one,two/events?target_session_attrs=primary",
        "postgresql://u@[one/events",
        "",
    ],
)
def test_one_server_or_an_explicit_choice_stays_as_it_is(url: str) -> None:
    assert to_primary(url) == url


def test_addresses_count_as_servers() -> None:
    chosen = conninfo_to_dict(to_primary("hostaddr=10.0.0.1,10.0.0.2 dbname=events"))
    assert chosen["target_session_attrs"] == "read-write"
