"""Ingest's metrics, under the names that dashboards of this field use."""

from shared.events.model import SOURCES
from shared.metrics import Counter, Histogram

ACCEPTED = Counter("gateway_events_accepted_total", "Valid events received.", ("source",))
PROCESSED = Counter(
    "gateway_events_processed_total", "Events that the stream acknowledged.", ("source",)
)
FAILED = Counter(
    "gateway_events_failed_total", "Events refused or not stored.", ("source", "reason")
)
REQUEST_EVENTS = Histogram(
    "hookstream_ingest_request_events",
    "Events in a request.",
    buckets=(1, 10, 100, 1_000, 5_000, 10_000, 25_000, 50_000),
)
QUARANTINED = Counter(
    "hookstream_quarantined_total", "Refused events kept as dead letters.", ("source", "code")
)
NOT_QUARANTINED = Counter(
    "hookstream_not_quarantined_total", "Refused events that were not kept.", ("reason",)
)

for _source in SOURCES:
    # From zero on, so that the first event is an increase.
    ACCEPTED.labels(_source)
    PROCESSED.labels(_source)
