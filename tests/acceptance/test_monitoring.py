"""`up --monitoring`: dashboards show data, and each alert fires when it is provoked."""

import math
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import psutil
import psycopg
import pytest
import streams
from builders import facebook, tiktok
from deploy.promtool import alerts, panels
from monitors import Monitor, frozen, hasty_prometheus, program
from privacy import assert_private
from stack import Stack, alive, until

ONLY_IN_A_CLUSTER = {"HookstreamVolumeFilling"}
"""What needs a kubelet; tests/deploy/rules tries it."""

REPORTS = ("events", "revenue", "demographics", "funnel")


@pytest.fixture(scope="module")
def stack(scratch: Path) -> Iterator[Stack]:
    """Run a monitored stack whose publisher is awaited, with little room for dead letters."""
    program()
    running = Stack(scratch / "monitoring")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PUBLISHER_INTERVAL", "1")
        patch.setenv("DEAD_LETTER_MAX_BYTES", str(1024 * 1024))
        patch.setenv("STREAM_MAX_BYTES", str(2 * 1024 * 1024))
        # Not so much that ingest refuses, but more than a quarter of what is free.
        patch.setenv("STREAM_DISK_RESERVE", str(shutil.disk_usage(scratch).free // 2))
        running.up("--monitoring")
    yield running
    running.down()
    assert_private(running.state)
    assert not [p for p in psutil.process_iter(["cmdline"]) if _is_of(p, running.state)]
    shutil.rmtree(running.state)


def _is_of(process: psutil.Process, state: Path) -> bool:
    """Say whether a process is a Prometheus of that state directory."""
    line = " ".join(process.info["cmdline"] or ())
    return "prometheus" in line and str(state) in line and alive(process)


@pytest.fixture(scope="module")
def hasty(stack: Stack, scratch: Path) -> Iterator[Monitor]:
    """Run a second Prometheus, which is in a hurry, from the beginning on."""
    port = urlsplit(stack.urls["gateway"]).port or 0
    with hasty_prometheus(scratch / "hasty", port) as monitor:
        yield monitor


def traffic(stack: Stack) -> None:
    """Send some of everything that panels show."""
    stack.post([facebook(), tiktok(), {"source": "facebook"}])
    for report in REPORTS:
        stack.report(report)


@pytest.mark.usefixtures("hasty")
@pytest.mark.timeout(200)
def test_every_panel_of_every_dashboard_shows_data(stack: Stack) -> None:
    monitor = Monitor(stack.status()["prometheus"])
    stack.command("reconcile")
    missing = {expression.replace("$__rate_interval", "1m") for _, _, expression in panels()}

    def all_there() -> bool:
        traffic(stack)
        for expression in list(missing):
            values = [float(sample["value"][1]) for sample in monitor.query(expression)]
            if any(map(math.isfinite, values)):
                missing.remove(expression)
        return not missing

    with suppress(AssertionError):
        until(all_there, timeout=120)
    assert not missing


@pytest.mark.timeout(280)
def test_each_alert_fires_when_it_is_provoked(stack: Stack, hasty: Monitor) -> None:
    traffic(stack)
    streams.publish(stack.urls["nats"], "facebook", [[{"eventId": "poison"}]])
    refused: list[dict[str, Any]] = [{"source": "tiktok", "more": "x" * 400}] * 900
    for _ in range(2):
        stack.post([tiktok(), *refused])
    _lose_a_row(stack)
    with ExitStack() as open_connections:
        for _ in range(70):
            open_connections.enter_context(psycopg.connect(stack.urls["database"]))
        hasty.until_fired(
            "HookstreamDeadLetters", "HookstreamManyEventsRefused", "HookstreamStreamFilling",
            "HookstreamReconcileDifference", "HookstreamDatabaseConnections",
            "HookstreamDiskFilling", meanwhile=lambda: stack.post([{"source": "facebook"}]),
        )  # fmt: skip
    with frozen(stack, "connector"):
        _fill(stack)
        _end_often(stack, "queue-worker")
        hasty.until_fired(
            "HookstreamConnectorSilent", "HookstreamIngestRefusesForRoom",
            "HookstreamAcceptBudgetBurnsFast", "HookstreamAcceptBudgetBurnsSlowly",
            "HookstreamRestarts", meanwhile=lambda: stack.post(facebook()),
        )  # fmt: skip
    with frozen(stack, "postgres"):
        hasty.until_fired("HookstreamServerAway", "HookstreamLagging", "HookstreamIngestSilent")
    hasty.until_fired("HookstreamFreshnessBudgetBurnsFast", "HookstreamFreshnessBudgetBurnsSlowly")
    with frozen(stack, "gateway"):
        hasty.until_fired("HookstreamTargetDown")
    assert hasty.fired() == set(alerts()) - ONLY_IN_A_CLUSTER


def _lose_a_row(stack: Stack) -> None:
    """Make an account that does not hold."""
    until(lambda: sum(stack.rows().values()) > 0)
    with psycopg.connect(stack.urls["database"]) as connection:
        connection.execute(
            "delete from events where event_id in (select event_id from events limit 1)"
        )
    stack.command("reconcile", expect=1)


def _end_often(stack: Stack, name: str) -> None:
    """Kill a process more often than it may end."""
    for _ in range(4):
        [process] = stack.processes(name)
        process.kill()
        until(lambda gone=process: not alive(gone) and _runs(stack, name))  # type: ignore[misc]  # bound now


def _runs(stack: Stack, name: str) -> bool:
    [found] = [p for p in stack.status()["processes"] if p["name"] == name]
    return bool(found["state"] == "running")


def _fill(stack: Stack) -> None:
    """Send events until there is no room for more."""

    def refused() -> bool:
        answer = stack.post([facebook() for _ in range(1_000)])
        assert answer.status_code in {httpx2.codes.OK, httpx2.codes.SERVICE_UNAVAILABLE}
        return bool(answer.status_code == httpx2.codes.SERVICE_UNAVAILABLE)

    until(refused)
