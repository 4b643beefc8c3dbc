"""Spans by OpenTelemetry, sent by OTLP over HTTP in the background.

Imported only where spans are exported. SDK: https://opentelemetry-python.readthedocs.io/; its own
variables (OTEL_TRACES_SAMPLER, OTEL_BSP_…, OTEL_EXPORTER_OTLP_HEADERS) apply. Attributes hold no
content of events, no address of a caller.
"""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from opentelemetry import context as current
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from shared.tracing import MOST_LINKS, Attribute, Kind, Span

_KINDS = {
    "server": trace.SpanKind.SERVER,
    "producer": trace.SpanKind.PRODUCER,
    "consumer": trace.SpanKind.CONSUMER,
    "internal": trace.SpanKind.INTERNAL,
}


class _Recorded(Span):
    """A span of OpenTelemetry; that of the block around it is its parent unless it has another."""

    __slots__ = ("_span", "_token")

    def __init__(self, recorded: trace.Span) -> None:
        found = recorded.get_span_context()
        flags = int(found.trace_flags)
        super().__init__(f"00-{found.trace_id:032x}-{found.span_id:016x}-{flags:02x}")
        self._span = recorded

    def note(self, **attributes: Attribute) -> None:
        for name, value in attributes.items():
            self._span.set_attribute(name.replace("__", "."), value)

    def __enter__(self) -> Self:
        self._token = current.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace_: TracebackType | None,
    ) -> None:
        if kind is not None:
            # The kind alone: a message may quote what a sender has written.
            self._span.set_status(trace.StatusCode.ERROR, kind.__name__)
        current.detach(self._token)
        self._span.end()


def exporting(
    service: str, endpoint: str, instance: str
) -> tuple[Callable[[str, Kind, str, Iterable[str]], Span], Callable[[], bool], Callable[[], None]]:
    """Return what makes spans, what sends those that wait, and what ends the export."""
    origin = {"service.name": service} | ({"service.instance.id": instance} if instance else {})
    provider = TracerProvider(resource=Resource.create(origin))
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("hookstream")

    def make(name: str, kind: Kind, parent: str, links: Iterable[str]) -> Span:
        contexts = dict.fromkeys(link for link in links if link and link != parent)
        around = trace.set_span_in_context(_remote(parent)) if parent else None
        begun = tracer.start_span(
            name,
            around,
            _KINDS[kind],
            links=[
                trace.Link(_remote(each).get_span_context()) for each in list(contexts)[:MOST_LINKS]
            ],
        )
        return _Recorded(begun)

    return make, provider.force_flush, provider.shutdown


def _remote(traceparent: str) -> trace.Span:
    """Return the span that a well-formed traceparent names."""
    _, trace_id, span_id, flags = traceparent.split("-")
    context = trace.SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(flags, 16)),
    )
    return trace.NonRecordingSpan(context)
