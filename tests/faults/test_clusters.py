"""A NATS cluster that loses nodes with their disks: nothing lost, nothing twice, short pauses."""

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from clusters import Cluster, nats_cluster
from load import FORM, Ledger, Load
from nats.js import JetStreamContext
from stack import Stack
from streams import with_jetstream

from infra.local.invocations.messages import STREAM as INVOCATIONS
from infra.local.invocations.messages import invocations_stream
from shared.events.model import SOURCES
from shared.settings import Settings
from shared.stream.dead_letters import STREAM as DEADLETTER
from shared.stream.topology import EVENTS, consumer_name, ensure_stream, ensure_topology

LONGEST_PAUSE = 45.0
"""Seconds that ingest may refuse everything: an election takes up to nine, and a busy machine."""


@pytest.fixture(scope="module")
def cluster(scratch: Path) -> Iterator[Cluster]:
    state = scratch / "cluster"
    state.mkdir()
    with nats_cluster(state) as cluster:
        yield cluster


def pause(load: Load, since: float) -> float:
    """Return the longest time after `since` in which no request was accepted, in seconds."""
    accepted = sorted(a.ended for a in load.answers if a.status == 200 and a.ended >= since)
    moments = [since, *accepted]
    return max(later - earlier for earlier, later in pairwise(moments))


async def replicas(js: JetStreamContext) -> dict[str, int]:
    """Return how many copies there are of each stream and consumer."""
    streams = [await js.stream_info(name) for name in (EVENTS, DEADLETTER, INVOCATIONS)]
    found = {str(info.config.name): 1 + len(_replicas(info.cluster)) for info in streams}
    for source in SOURCES:
        consumer = await js.consumer_info(EVENTS, consumer_name(source))
        found[consumer.name] = 1 + len(_replicas(consumer.cluster))
    return found


def _replicas(group: object) -> list[object]:
    return getattr(group, "replicas", None) or []


async def one_copy_each(js: JetStreamContext) -> None:
    """Make what a stack with a single server has."""
    chosen = Settings(stream_replicas=1)
    await ensure_topology(js, chosen)
    await ensure_stream(js, invocations_stream(chosen.stream_replicas))


@pytest.mark.timeout(FORM.limit)
def test_nodes_die_and_lose_their_disks(
    cluster: Cluster,
    own_stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with_jetstream(cluster.url, one_copy_each)
    assert set(with_jetstream(cluster.url, replicas).values()) == {1}
    for name, value in (("STREAM_REPLICAS", "3"), ("ACK_WAIT", "5"), ("RETRY_MAX", "2")):
        monkeypatch.setenv(name, value)
    own_stack.up("--nats-url", cluster.url)
    ledger = Ledger()
    pauses = []
    with Load(own_stack, ledger) as load:
        load.go_on()
        cluster.wait_until_whole()
        assert set(with_jetstream(cluster.url, replicas).values()) == {3}
        for choose in (cluster.follower, cluster.leader):
            victim = choose(EVENTS)
            died = time.monotonic()
            victim.kill_and_wipe()
            load.go_on(20, timeout=LONGEST_PAUSE)
            victim.running.start()
            cluster.wait_until_whole()
            load.go_on()
            pauses.append(pause(load, died))
    with capsys.disabled():
        sys.stdout.write(
            f"ingest paused {pauses[0]:.1f} s (follower), {pauses[1]:.1f} s (leader)\n"
        )
    assert max(pauses) < LONGEST_PAUSE
    ledger.prove(own_stack)
