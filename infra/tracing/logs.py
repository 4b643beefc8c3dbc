"""The steps that the logs of a state directory tell: answers and single deliveries."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from infra.connector.telling import in_runs
from infra.tracing.trail import Packed, Step

_COLLECTORS = {"fb-consume": "facebook", "ttk-consume": "tiktok"}
_DELIVERIES = {"delivered": "delivered", "outage": "not delivered", "refused": "not delivered"}
_OF_A_REQUEST = ("status", "milliseconds", "accepted", "rejected", "code", "instance")
_OF_A_DELIVERY = ("milliseconds", "reason", "delay", "failed", "rejected")

Line = dict[str, Any]


def read_logs(folder: Path, name: str, messages: Sequence[Packed]) -> Iterator[Step]:
    """Yield the steps of a request, or trace, and of its messages."""
    for path in sorted(folder.glob("*.log*")):
        with path.open("rb") as lines:
            yield from _steps(lines, name, messages)


def _steps(lines: Iterable[bytes], name: str, messages: Sequence[Packed]) -> Iterator[Step]:
    wanted = name.encode()
    for text in lines:
        if wanted not in text and b'"sequences"' not in text:
            continue
        try:
            line = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            continue  # not of ours, or cut where the log was set aside
        if line.get("service") == "webhook-ingest" and line.get("message") == "request":
            if name in {line.get("correlationId"), line.get("traceId")}:
                yield _answer(line)
        elif line.get("message") in _DELIVERIES:
            yield from _delivery(line, messages)


def _answer(line: Line) -> Step:
    accepted = line.get("accepted", 0)
    return Step(
        at=_at(line),
        what="answered",
        events=accepted + line.get("rejected", 0),
        details={key: line[key] for key in _OF_A_REQUEST if key in line},
    )


def _delivery(line: Line, messages: Sequence[Packed]) -> Iterator[Step]:
    """Yield a step for each message that was in the batch."""
    source = _COLLECTORS.get(line.get("function", ""))
    for packed in messages:
        if packed.source == source and in_runs(packed.sequence, line.get("sequences", "")):
            details = {key: line[key] for key in _OF_A_DELIVERY if key in line}
            yield packed.step(_at(line), _DELIVERIES[line["message"]], **details)


def _at(line: Line) -> datetime:
    return datetime.fromisoformat(line["timestamp"])
