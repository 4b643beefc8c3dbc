"""Two versions side by side during a migration: nothing lost, nothing twice, nothing refused."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from load import FORM, Ledger, Load
from proxies import Proxy, proxy
from stack import Stack, until
from versions import ROOT, NoHistoryError, environment_of, version_after, version_before

from infra.local.servers import Servers, embedded

PROCESSED = ("fb_collector_events_processed_total", "ttk_collector_events_processed_total")


@dataclass(frozen=True, slots=True)
class Version:
    """One version's stack; `link` leads from its connector to somebody's collectors."""

    stack: Stack
    link: Proxy
    servers: Servers

    def up(self) -> None:
        """Start it on servers outside of it. It finds the schema as it is, or migrates it."""
        urls = self.servers.nats.url, self.servers.postgres.url
        with pytest.MonkeyPatch.context() as patch:
            for name in ("fb-consume", "ttk-consume"):
                url = f"http://127.0.0.1:{self.link.port}/function/{name}"
                patch.setenv(f"{name.replace('-', '_').upper()}_URL", url)
            patch.setenv("RETRY_MAX", "1")
            self.stack.up("--nats-url", urls[0], "--database-url", urls[1])

    def deliver_to(self, other: "Version") -> None:
        """Have its connector call the collectors of a version from now on."""
        self.link.lead_to(urlsplit(other.stack.urls["gateway"]).port or 0)

    def load(self, ledger: Ledger, closing: ExitStack) -> Load:
        """Send events to it until `closing` ends; see to it that none was refused."""
        load = Load(self.stack, ledger, senders=1)
        closing.callback(partial(_all_taken, load))
        return closing.enter_context(load)

    def stores(self) -> None:
        """Return when both of its collectors have stored something from now on."""
        before = self.stack.counters()
        until(lambda: _grown(before, self.stack.counters()), 90)


def _all_taken(load: Load) -> None:
    assert {answer.status for answer in load.answers} == {200}


def _grown(before: dict[str, float], now: dict[str, float]) -> bool:
    return all(now.get(name, 0) > before.get(name, 0) for name in PROCESSED)


@pytest.fixture
def stands(state: Path) -> Iterator[Callable[[str, Path], Version]]:
    """Return what makes a version's stack, on servers that all of a test share."""
    with ExitStack() as closing:
        servers = closing.enter_context(embedded(state / "servers"))

        def stand(name: str, tree: Path) -> Version:
            stack = Stack(state / name, environment_of(tree))
            closing.callback(stack.down)
            return Version(stack, closing.enter_context(proxy(0)), servers)

        yield stand


def upgrade(older: Version, newer: Version) -> Ledger:
    """Bring the newer version up beside the older one, and take that away; prove the counts.

    While both run, each one's connector calls the other one's collectors.
    """
    ledger = Ledger()
    older.up()
    older.deliver_to(older)
    with ExitStack() as loads:
        older.load(ledger, loads).go_on()
        older.stores()
        newer.stack.command("migrate", "--database-url", older.servers.postgres.url)
        older.stores()
        newer.up()
        newer.deliver_to(older)
        older.deliver_to(newer)
        newer.load(ledger, loads).go_on()
        older.stores()
        newer.stores()
    ledger.prove(older.stack)
    ledger.prove(newer.stack)
    newer.deliver_to(newer)
    older.stack.down()
    with ExitStack() as loads:
        newer.load(ledger, loads).go_on()
    ledger.prove(newer.stack)
    return ledger


Stands = Callable[[str, Path], Version]


@pytest.mark.timeout(FORM.limit)
def test_to_the_next_version(stands: Stands, tmp_path: Path) -> None:
    older, newer = stands("older", ROOT), stands("newer", version_after(tmp_path))
    ledger = upgrade(older, newer)
    with psycopg.connect(older.servers.postgres.url) as connection:
        stored = connection.execute(
            "select stored_by, sum(stored), count(*) filter (where stored_at > applied_at)"
            " from messages, schema_migrations where name = '9000_rollup_hours'"
            " group by 1 order by 1"
        ).fetchall()
        rolled = connection.execute("select sum(events), sum(revenue) from rollup_hours").fetchone()
    print(f"stored by each version, messages since the migration: {stored}")  # noqa: T201 - the figure
    assert [version for version, *_ in stored] == ["newer", "older"]
    assert sum(events for _, events, _ in stored) == ledger.counts.total()
    assert all(since > 0 for *_, since in stored)
    assert rolled == (ledger.counts.total(), ledger.revenue)


@pytest.mark.timeout(FORM.limit)
def test_from_the_version_before(stands: Stands, tmp_path: Path) -> None:
    try:
        tree = version_before(tmp_path)
    except NoHistoryError as error:
        pytest.skip(str(error))
    upgrade(stands("older", tree), stands("newer", ROOT))
