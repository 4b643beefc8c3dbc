"""A database that was restored from a backup gets back what EVENTS still holds.

docs/operations.md says the same for people, with the same programs.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import streams
from builders import facebook, tiktok
from databases import empty_database
from records import Servers, command

from infra.local import servers as local
from infra.local.postgres_server import postgres_binaries


@pytest.fixture
def restored(servers: local.Servers) -> Iterator[str]:
    """Return the URL of an empty database on the same server."""
    with empty_database(servers.postgres.url) as url:
        yield url


def run(program: str, *arguments: str) -> None:
    done = subprocess.run(
        [postgres_binaries() / program, *arguments], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def publish(records: Servers, *, amount: str) -> None:
    purchase = facebook("checkout.complete", purchaseAmount=amount)
    streams.publish(records.nats_url, "facebook", [[purchase, facebook()]])
    streams.publish(records.nats_url, "tiktok", [[tiktok()]])
    streams.wait_until_processed(records.nats_url, "facebook", "tiktok")


def reported(records: Servers) -> list[tuple[int, str]]:
    return [(source["stored"], source["revenue"]) for source in records.reconcile()["sources"]]


def test_what_came_after_the_backup_is_replayed(
    records: Servers, restored: str, tmp_path: Path
) -> None:
    backup = str(tmp_path / "backup")
    with records.pipeline():
        publish(records, amount="19.90")
        run("pg_dump", "--format=custom", f"--file={backup}", records.database_url)
        publish(records, amount="7.25")
    before = reported(records)
    assert before == [(4, "27.1500"), (2, "0")]

    run("pg_restore", "--exit-on-error", f"--dbname={restored}", backup)
    found = Servers(records.nats_url, restored)
    differences = found.reconcile(expect=1)
    assert {each["check"] for each in differences["differences"]} == {"acknowledged"}
    assert [source["unaccounted"] for source in differences["sources"]] == [2, 1]

    with found.collectors() as urls:
        for source, url in zip(("facebook", "tiktok"), urls.values(), strict=True):
            options = ("--functions-url", url, "--source", source, "--json")
            answer = json.loads(command("replay", "--nats-url", found.nats_url, *options))
            assert answer["damaged"] == []
    assert reported(found) == before
