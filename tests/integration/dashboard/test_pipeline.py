"""What the function says of the pipeline, and that the connector's word is what it says."""

from collections.abc import Iterator
from typing import Any

import httpx2
import psycopg
import pytest
import streams
from builders import facebook, tiktok
from databases import login
from integration.dead_letters.conftest import bury_all as bury_all  # noqa: PLC0414 - a fixture
from integration.dead_letters.made import letter
from processes import Served, serve
from records import Servers
from stack import until

SOURCES = ["facebook", "tiktok", "unknown"]


def standing(client: httpx2.Client) -> dict[str, Any]:
    answer = client.get("/pipeline")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    return answer.json()  # type: ignore[no-any-return]


def of(source: str, said: dict[str, Any]) -> dict[str, Any]:
    [found] = [each for each in said["sources"] if each["source"] == source]
    return found  # type: ignore[no-any-return]


@pytest.fixture
def records(nats_url: str, database_url: str) -> Servers:
    return Servers(nats_url, database_url)


@pytest.fixture
def connector(records: Servers) -> Iterator[Served]:
    """Run a connector whose functions are away: what comes is pending."""
    url = login(records.database_url, "connector")
    environment = {"NATS_URL": records.nats_url, "DATABASE_URL": url}
    environment |= {"FUNCTIONS_URL": "http://127.0.0.1:1/function"}
    with serve("infra.connector", environment=environment) as served:
        yield served


def test_nothing_is_known_before_the_connector_speaks(client: httpx2.Client) -> None:
    said = standing(client)
    assert (said["stale"], said["asOf"], said["freshnessSeconds"]) == (True, None, None)
    assert [each["source"] for each in said["sources"]] == SOURCES
    assert of("facebook", said) == {
        "source": "facebook",
        "stale": True,
        "observedAt": None,
        "asOf": None,
        "freshnessSeconds": None,
        "processed": {"events": 0, "stored": 0, "duplicates": 0, "rejected": 0},
        "pendingMessages": None,
        "oldestPendingAt": None,
        "deadLetters": None,
    }


@pytest.mark.usefixtures("connector")
def test_what_waits_is_pending_with_its_age(client: httpx2.Client, records: Servers) -> None:
    streams.publish(records.nats_url, "facebook", [[facebook()], [facebook()], [facebook()]])
    until(lambda: of("facebook", standing(client))["pendingMessages"] == 3)
    said = standing(client)
    assert not said["stale"]
    found = of("facebook", said)
    assert found["oldestPendingAt"] == found["asOf"] == said["asOf"]
    assert said["freshnessSeconds"] > 0
    idle = of("tiktok", said)
    assert (idle["pendingMessages"], idle["oldestPendingAt"], idle["stale"]) == (0, None, False)


@pytest.mark.usefixtures("connector")
def test_dead_letters_are_those_of_their_source(client: httpx2.Client, bury_all: Any) -> None:  # noqa: ANN401 - the fixture
    bury_all([letter(), letter(source="tiktok"), letter(source="tiktok"), letter(source="unknown")])
    until(lambda: of("tiktok", standing(client))["deadLetters"] == 2)
    said = standing(client)
    assert [of(source, said)["deadLetters"] for source in SOURCES] == [1, 2, 1]


def test_a_connector_that_is_gone_makes_the_standing_stale(
    client: httpx2.Client, connector: Served, tables: psycopg.Connection
) -> None:
    until(lambda: not standing(client)["stale"])
    connector.process.kill()
    connector.process.wait(10)
    tables.execute("update pipeline set observed_at = observed_at - interval '10 s'")
    said = standing(client)
    assert said["stale"]
    assert all(each["stale"] for each in said["sources"])
    assert said["asOf"] is not None


def test_the_ledger_adds_up(client: httpx2.Client, records: Servers) -> None:
    repeated = facebook()
    streams.publish(records.nats_url, "facebook", [[facebook(), repeated], [repeated]])
    streams.publish(records.nats_url, "tiktok", [[tiktok()]])
    records.process()
    said = standing(client)
    assert of("facebook", said)["processed"] == {
        "events": 3,
        "stored": 2,
        "duplicates": 1,
        "rejected": 0,
    }
    assert of("tiktok", said)["processed"]["stored"] == 1
    assert of("unknown", said)["processed"]["events"] == 0


def test_the_ledger_is_summed_seldom(client: httpx2.Client, tables: psycopg.Connection) -> None:
    """A dashboard in many windows must not make the database scan again and again."""

    def scans() -> int:
        found = tables.execute(
            "select seq_scan + coalesce(idx_scan, 0) from pg_stat_user_tables"
            " where relname = 'messages'"
        ).fetchone()
        assert found is not None
        return int(found[0])

    before = scans()
    for _ in range(60):
        standing(client)
    until(lambda: scans() > before, timeout=30)
    assert scans() - before < 20
