"""Trace contexts are handed on, and OpenTelemetry is not imported unless it is wanted."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from infra.connector.telling import in_runs, runs_of
from infra.tracing.trail import packed
from shared.stream.packing import TRACE_CONTEXTS, TRACEPARENT, distinct_traceparents, trace_contexts
from shared.tracing import span, trace_id

ONE, OTHER = (f"00-{digit * 32}-{'c' * 16}-01" for digit in "ab")

_PROGRAM = """
import sys
import functions.fb_consume.main, functions.report_events.main, functions.webhook_ingest.main
import infra.connector.connector, infra.local.gateway, shared.serve
from shared.tracing import configure_tracing, span, stop_tracing
configure_tracing("test", "")
with span("x", "server"):
    pass
stop_tracing()
print([name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf"))])
"""


def test_nothing_is_imported_when_off() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=True)
    assert done.stdout.strip() == b"[]"


def test_a_span_that_is_not_recorded_hands_its_parent_on() -> None:
    with span("x", "server", ONE) as traced:
        assert traced.context == ONE
        traced.note(anything=1)


def test_a_messages_contexts_are_those_of_its_events() -> None:
    assert trace_contexts({TRACEPARENT: ONE, "Hookstream-Events": "7"}) == f"{ONE}*7"
    runs = f"-*1 {ONE}*2 nonsense*3 {OTHER}*4"
    assert trace_contexts({TRACE_CONTEXTS: runs}) == runs
    assert trace_contexts({}) == trace_contexts({TRACEPARENT: "nonsense"}) == ""
    assert distinct_traceparents([runs, f"{ONE}*1"]) == [ONE, OTHER]


def events_of(name: str, correlation_ids: str, contexts: str = "") -> list[int]:
    """Return the places of a request's events, which are as many as are counted."""
    found = packed(7, "facebook", correlation_ids, contexts, name)
    places = [index for index in range(20) if found and found.has(index)]
    assert len(places) == (found.events if found else 0)
    return places


def test_events_are_found_by_correlation_id_and_by_trace() -> None:
    assert events_of("me", "me*2 you*3 me*4") == [0, 1, 5, 6, 7, 8]
    assert events_of("m", "me*2") == events_of("me", "") == []
    assert events_of("42", "order-42-x*1") == []
    assert events_of(trace_id(ONE), "you*14", f"-*9 {ONE}*2 {OTHER}*3") == [9, 10]


def test_what_never_was_in_the_stream_has_no_name_there() -> None:
    names = [packed(number, "tiktok", "me*1", "", "me") for number in (42, 0, -42)]
    assert [found.name for found in names if found] == ["EVENTS:42", "", ""]


@given(st.sets(st.integers(1, 60)), st.integers(1, 60))
def test_sequences_are_found_in_their_runs(numbers: set[int], number: int) -> None:
    assert in_runs(number, runs_of(numbers)) == (number in numbers)


def test_runs_are_short() -> None:
    assert runs_of([7, 3, 5, 6, 8]) == "3,5-8"
