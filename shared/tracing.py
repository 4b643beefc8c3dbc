"""Trace context, and spans where they are exported.

A caller's context (https://www.w3.org/TR/trace-context/) goes with its events through message
headers to the ledger and into log lines. With OTEL_EXPORTER_OTLP_ENDPOINT set, spans are made and
sent (shared.spans, the extra `otel`); without, nothing of OpenTelemetry is imported.
"""

import importlib
import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Literal, Protocol, Self

TRACEPARENT_HEADER = "traceparent"

MOST_LINKS = 128
"""Other traces that a span names at most."""

trace_context: ContextVar[str] = ContextVar("trace_context", default="")
"""The traceparent that what the present request causes belongs to, '' if it has none."""

Kind = Literal["server", "producer", "consumer", "internal"]
Attribute = str | int | float

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}\Z"
)
_TRACE_ID = slice(3, 35)


def accept_traceparent(given: str | None) -> str:
    """Return a well-formed traceparent, else ''."""
    return given if given and _TRACEPARENT.match(given) else ""


def trace_id(traceparent: str) -> str:
    """Return the trace that a traceparent belongs to."""
    return traceparent[_TRACE_ID]


class Span:
    """A part of a trace while a block runs; this one is not recorded.

    `context` is the traceparent for what the block causes: with spans its own, else its parent's.
    """

    __slots__ = ("context",)

    def __init__(self, context: str) -> None:
        self.context = context

    def note(self, **attributes: Attribute) -> None:
        """Add attributes; a double underscore in a name stands for a dot."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the span."""


class _Make(Protocol):
    def __call__(self, name: str, kind: Kind, parent: str, links: Iterable[str]) -> Span:
        """Return a span that is recorded."""


class _Exporting:
    make: _Make | None = None
    flush: Callable[[], object] | None = None
    stop: Callable[[], None] | None = None


def span(name: str, kind: Kind, parent: str = "", links: Iterable[str] = ()) -> Span:
    """Return a span; `parent` and `links` are traceparents, '' where there is none.

    Without a parent it belongs to the span around it, if any.
    """
    if _Exporting.make is None:
        return Span(parent)
    return _Exporting.make(name, kind, parent, links)


def configure_tracing(service: str, endpoint: str, instance: str = "") -> None:
    """Export the spans of this process to `endpoint`; '' exports none.

    Raises ImportError, which says so, without the extra `otel`.
    """
    if not endpoint:
        return
    try:
        spans = importlib.import_module("shared.spans")  # it stands on this module
    except ModuleNotFoundError as error:
        raise ImportError(
            "OTEL_EXPORTER_OTLP_ENDPOINT needs the extra otel: pip install 'hookstream[otel]'"
        ) from error
    made = spans.exporting(service, endpoint, instance)
    _Exporting.make, _Exporting.flush, _Exporting.stop = made


def flush_tracing() -> None:
    """Send what waits: for a process that may be frozen next.

    Returns at the latest after OTEL_EXPORTER_OTLP_TIMEOUT, the exporter's own variable.
    """
    if _Exporting.flush is not None:
        _Exporting.flush()


def stop_tracing() -> None:
    """Send what waits, as far as the receiver takes it, and export no more."""
    stop = _Exporting.stop
    _Exporting.make = _Exporting.flush = _Exporting.stop = None
    if stop is not None:
        stop()
