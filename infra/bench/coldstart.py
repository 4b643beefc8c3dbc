"""The scenario `coldstart`: how long a request waits that wakes a function from zero replicas."""

import asyncio
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from infra.bench.freshness import Percentiles, percentiles
from infra.bench.load import Target
from infra.bench.outcome import Column, Figure, Outcome, Sheet
from infra.bench.processes import of_stack
from infra.bench.resources import Resources, Usage
from infra.bench.sizes import Sizes
from infra.bench.wire import WireClient
from infra.local import daemon
from infra.local.options import Options
from infra.local.state import StateDir, Status
from infra.publisher.batch import Batch
from infra.publisher.bodies import Body
from shared.cloudevents import BATCH_TYPE

_IDLE: Final = 0.5
_FUNCTION: Final = "fb-consume"
_PATIENCE: Final = 60.0
_POLL: Final = 0.02
_OK: Final = 200
_MIB: Final = 1 << 20
_SERVERS: Final = frozenset(("nats", "postgres"))


class ColdStart:
    """Wakes a collector again and again, on a stack of its own that goes to zero soon."""

    summary = "0 → 1: a request that wakes a collector, --times times, on a stack of its own"
    stack = False

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once. Raises StartError when the stack does not start."""
        with _own_stack(target.state_dir / "coldstart") as state:
            gateway = str(state.read_status()["gateway"])
            seconds = [await _wake(state, gateway) for _ in range(sizes.times)]
            await _until_idle(state)
            waiting = Resources(lambda: of_stack(state.root))
            waiting.sample()
        return _outcome(seconds, waiting.usages(), sizes.times)


@contextmanager
def _own_stack(folder: Path) -> Iterator[StateDir]:
    """Run a stack until the block ends, and remove it.

    Starting and stopping block the loop, on purpose: neither is interrupted half way.
    """
    shutil.rmtree(folder, ignore_errors=True)
    state = StateDir(folder)
    try:
        daemon.start(Options(state_dir=folder.resolve(), port=0, idle=_IDLE), lambda _: None)
        yield state
    finally:
        daemon.stop(state)
        shutil.rmtree(folder, ignore_errors=True)


async def _wake(state: StateDir, gateway: str) -> float | None:
    """Return the seconds from a request to its answer, None if it is not answered well."""
    await _until_idle(state)
    body = Body(b"[]", {"content-type": BATCH_TYPE}, Batch([], bytearray(), {}, ()))
    async with WireClient(f"{gateway}/function/{_FUNCTION}", _PATIENCE) as wire:
        start = time.monotonic()
        reply = await wire.post(body)
        return time.monotonic() - start if reply.status == _OK else None


async def _until_idle(state: StateDir) -> None:
    """Return when the function has no process. Raises TimeoutError."""
    async with asyncio.timeout(_PATIENCE):
        while _busy(state.read_status()):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(_POLL)


def _busy(status: Status) -> bool:
    processes: list[dict[str, Any]] = status["processes"]
    return any(process["name"].startswith(_FUNCTION) for process in processes)


def _outcome(seconds: list[float | None], waiting: list[Usage], times: int) -> Outcome:
    good = [each for each in seconds if each is not None]
    found = percentiles((each, 1) for each in good)
    collectors = [usage.name for usage in waiting if usage.name.endswith("-consume")]
    objections = [f"{times - len(good)} requests failed"] if len(good) < times else []
    objections += [f"{name} still runs when idle" for name in collectors]
    own = [usage.peak_bytes for usage in waiting if usage.name not in _SERVERS]
    return Outcome(
        headline=f"{times} times from 0 to 1 replica of {_FUNCTION}",
        conclusion=f"{len(good)} of {times} answered; no collector runs when idle.",
        figures=[
            *_figures(found),
            Figure("waitingPeakMiB", "largest idle process, MiB", max(own) / _MIB, ",.0f"),
        ],
        sheets=[
            Sheet(
                "waiting",
                "idle process",
                (Column("memoryMiB", "memory MiB", ",.0f"),),
                {usage.name: [usage.peak_bytes / _MIB] for usage in waiting},
            )
        ],
        details={"seconds": seconds, "collectors": len(collectors)},
        objections=objections,
    )


def _figures(found: Percentiles) -> list[Figure]:
    return [
        Figure("wakeP50", "answer p50, s", found.p50, ",.3f"),
        Figure("wakeP95", "answer p95, s", found.p95, ",.3f"),
        Figure("wakeP99", "answer p99, s", found.p99, ",.3f"),
        Figure("wakeMax", "answer max, s", found.most, ",.3f"),
    ]
