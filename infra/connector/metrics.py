"""The connector's metrics: deliveries, invocations, lag."""

from prometheus_client import Counter, Gauge, Histogram

from shared.telemetry import DURATION_BUCKETS

DELIVERIES = Counter(
    "hookstream_connector_deliveries_total",
    "Messages received, redeliveries included.",
    ("source",),
)
REDELIVERIES = Counter(
    "hookstream_connector_redeliveries_total", "Messages received again.", ("source",)
)
INVOCATIONS = Counter(
    "hookstream_connector_invocations_total", "Calls of a function.", ("function", "outcome")
)
INVOCATION_DURATION = Histogram(
    "hookstream_connector_invocation_duration_seconds",
    "Time of a call of a function.",
    ("function",),
    buckets=DURATION_BUCKETS,
)
DEAD_LETTERS = Counter(
    "hookstream_dead_letters_total", "Events written to the dead letters.", ("source", "reason")
)
PENDING_MESSAGES = Gauge(
    "hookstream_pending_messages",
    "Messages in the stream that are not processed.",
    ("source",),
    multiprocess_mode="livemostrecent",
)
OLDEST_PENDING = Gauge(
    "hookstream_oldest_pending_seconds",
    "Age of the oldest message that is not processed.",
    ("source",),
    multiprocess_mode="livemostrecent",
)
