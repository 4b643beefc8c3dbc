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
"""The part that a process of the local stack is; all others are `beside`."""

FULL_BATCH: Final = 5_000
"""Events of the batches whose costs an event's are, INVOKE_MAX_EVENTS."""


class CostsError(Exception):
    """A document has no costs in it; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """CPU microseconds per event by process, as in docs/costs.md, and what else takes time.

    Each event passes one collector, of its source. `beside` is what runs on a machine that has
    everything: load generator, reports, supervisor. `collector_batch` and `database_batch` are the
    microseconds that a batch takes however small it is; of full batches, the events' costs have
    them in. `sync` is the seconds of an fsync, of a
    message or of a commit; `log_bytes` is write-ahead log per event. `follower` is what a copy of
    a message costs a broker that follows, relative to the one that leads, and `quorum` the
    seconds until a majority has answered.
    """

    beside: float = 1.0
    gateway: float = 0.7
    ingest: float = 4.1
    broker: float = 1.3
    connector: float = 1.0
    collector: float = 7.2
    database: float = 8.4
    collector_batch: float = 2_000
    database_batch: float = 2_500
    sync: float = 0.0003
    log_bytes: float = 830
    follower: float = 0.5
    quorum: float = 0.001

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """Return those of a document of `hookstream bench SCENARIO --json`, the first run's.

        The scenario is one whose processes do the whole path: bulk or publisher. Raises CostsError.
        """
        try:
            processes = document["scenarios"][0]["runs"][0]["processes"]
            spent = {each["name"]: float(each["cpuSecondsPerMillion"]) for each in processes}
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise CostsError("this is no `hookstream bench --json` of a local stack") from error
        return cls.of_processes(spent)

    @classmethod
    def of_processes(cls, spent: Mapping[str, float]) -> Self:
        """Return costs from the microseconds of each process. Raises CostsError."""
        parts = dict.fromkeys((*_PARTS.values(), "beside"), 0.0)
        for name, microseconds in spent.items():
            parts[_PARTS.get(name, "beside")] += microseconds
        idle = [part for part, microseconds in parts.items() if not microseconds]
        if missing := set(idle) - {"beside"}:
            raise CostsError(f"nothing was spent by {_listed(missing)}: it takes a run of bulk")
        return cls(**parts)


def _listed(parts: Iterable[str]) -> str:
    return re.sub(r", ([^,]*)$", r" and \1", ", ".join(sorted(parts)))
