"""Spans of an event's whole way, received by OTLP."""

import httpx2
from builders import facebook
from otlp import Receiver, receiver
from processes import serve
from stack import until

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


def test_one_trace_goes_from_the_caller_to_the_commit(nats_url: str, database_url: str) -> None:
    with receiver() as received:
        servers = {"NATS_URL": nats_url, "DATABASE_URL": database_url}
        spans = {"OTEL_EXPORTER_OTLP_ENDPOINT": received.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
        environment = servers | spans
        with (
            serve("shared.serve", "webhook-ingest", environment=environment) as ingest,
            serve("shared.serve", "fb-consume", environment=environment) as collector,
            serve(
                "infra.connector",
                environment=environment | {"FB_CONSUME_URL": collector.url},
            ),
        ):
            event = facebook(name="Grace Nobody")
            headers = {"traceparent": f"00-{TRACE}-{CALLER}-01", "x-correlation-id": "spans-1"}
            answer = httpx2.post(ingest.url, json=event, headers=headers, timeout=20)
            assert answer.status_code == 200
            until(lambda: bool(received.named("store") and received.named("deliver fb-consume")))
    _are_one_trace(received)
    assert not [span for span in received.spans if "Nobody" in repr(span)]


def _are_one_trace(received: Receiver) -> None:
    names = (
        "POST webhook-ingest", "publish events.facebook", "deliver fb-consume", "POST fb-consume",
        "store",
    )  # fmt: skip
    [accept], [publish], [deliver], [collect], [store] = map(received.named, names)
    assert {span.trace for span in (accept, publish, deliver, collect, store)} == {TRACE}
    assert accept.parent == CALLER
    assert publish.parent == deliver.parent == accept.id
    assert collect.parent == deliver.id
    assert store.parent == collect.id
    assert accept.service == publish.service == "webhook-ingest"
    assert deliver.service == "connector"
    assert "spans-1" in accept.attributes["hookstream.correlation_id"]
