"""What an event costs each part of the path."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

_PARTS: Final = {
    "gateway": "gateway",
    "webhook-ingest": "ingest",
    "nats": "broker",
    "connector": "connector",
    "fb-consume": "collector",
    "ttk-consume": "collector",
    "postgres": "database",
}
"""The part that a process of the local stack is; all others publish and watch."""

FULL_BATCH: Final = 5_000
"""Events of the batches whose costs an event's are, INVOKE_MAX_EVENTS."""


class CostsError(Exception):
    """A document has no costs in it; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """CPU microseconds per event by process, as in docs/costs.md, and what else takes time.

    Each event passes one collector, of its source. What ends in `_batch` are the microseconds
    that a batch takes however small it is; of full batches, the events' costs have them in.
    `publisher` is what sends, where it shares the machine, and `watching` the cores that looking
    at the reports ten times a second takes there. `sync` is the seconds of an fsync, of a message
    or of a commit; `log_bytes` is write-ahead log per event. `leading` and `following` are what a
    message costs a broker that has others copy it, and each of those, relative to a message that
    nobody copies; `quorum` are the seconds until a majority has answered.
    """

    publisher: float = 0.6
    watching: float = 0.06
    gateway: float = 0.7
    ingest: float = 4.1
    broker: float = 1.3
    connector: float = 1.0
    collector: float = 7.2
    database: float = 8.4
    gateway_batch: float = 500
    broker_batch: float = 700
    connector_batch: float = 1_000
    collector_batch: float = 2_000
    database_batch: float = 2_500
    sync: float = 0.0003
    log_bytes: float = 830
    leading: float = 1.5
    following: float = 1.0
    quorum: float = 0.001

    def seconds(self, part: str, events: int, share: float = 1.0) -> float:
        """Return the core-seconds of a batch at a part that gives batches a share of its time."""
        fixed = (1 - events / FULL_BATCH) * getattr(self, f"{part}_batch")
        return float(max(0.0, events * getattr(self, part) * share + fixed) * 1e-6)

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Return those of a document of `hookstream bench SCENARIO --json`, the first run's.

        The scenario is one whose processes do the whole path: bulk or publisher. Raises CostsError.
        """
        try:
            run = document["scenarios"][0]["runs"][0]
            processes = run["processes"]
            spent = {each["name"]: float(each["cpuSecondsPerMillion"]) for each in processes}
            rate = run["events"] / run["visibleSeconds"]
        except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError) as error:
            raise CostsError("this is no `hookstream bench --json` of a local stack") from error
        return cls.of_processes(spent, rate)

    @classmethod
    def of_processes(cls, spent: Mapping[str, float], rate: float) -> Self:
        """Return costs from the microseconds of each process at a rate. Raises CostsError."""
        parts = dict.fromkeys(_PARTS.values(), 0.0)
        beside = -cls().watching * 1e6 / rate
        for name, microseconds in spent.items():
            if name in _PARTS:
                parts[_PARTS[name]] += microseconds
            else:
                beside += microseconds
        if missing := [part for part, microseconds in parts.items() if not microseconds]:
            raise CostsError(f"nothing was spent by {_listed(missing)}: it takes a run of bulk")
        return cls(**parts, publisher=max(0.0, beside))


def _listed(parts: Iterable[str]) -> str:
    return re.sub(r", ([^,]*)$", r" and \1", ", ".join(sorted(parts)))
