"""What a log line says of a batch of messages."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.batch import StoredMessage
from shared.stream.packing import (
    CORRELATION_IDS,
    distinct_correlation_ids,
    distinct_traceparents,
    trace_contexts,
)
from shared.tracing import trace_id


def traceparents(messages: Iterable[StoredMessage], most: int) -> list[str]:
    """Return the distinct trace contexts of messages, `most` at most."""
    return distinct_traceparents((trace_contexts(message.headers) for message in messages), most)


def about(messages: Sequence[StoredMessage]) -> dict[str, Any]:
    """Return the members; ids are 20 at most, `sequences` are all."""
    ids = (message.headers.get(CORRELATION_IDS, "") for message in messages)
    members: dict[str, Any] = {
        "messages": len(messages),
        "events": sum(message.events for message in messages),
        "sequences": runs_of(message.sequence for message in messages),
        "correlationIds": distinct_correlation_ids(ids),
    }
    if contexts := traceparents(messages, most=20):
        members["traceIds"] = list(dict.fromkeys(map(trace_id, contexts)))
    return members


def runs_of(numbers: Iterable[int]) -> str:
    """Return numbers as text, runs shortened: `3,5-8`."""
    runs: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        if runs and runs[-1][1] == number - 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def in_runs(number: int, text: str) -> bool:
    """Say whether runs_of() of some numbers names a number."""
    for run in text.split(","):
        first, _, last = run.partition("-")
        if first.isdecimal() and int(first) <= number <= int(last or first):
            return True
    return False
