"""What the gateway measures about itself and the replicas."""

from shared.metrics import Counter, Gauge, Histogram
from shared.telemetry import DURATION_BUCKETS

DURATION_NAME = "hookstream_gateway_request_duration_seconds"
DURATION = Histogram(
    DURATION_NAME,
    "Time from a request's headers to the end of its answer, waking included.",
    ("function", "status"),
    buckets=DURATION_BUCKETS,
)
COLD_START = Histogram(
    "hookstream_cold_start_seconds",
    "Time from a replica's start to its first answer.",
    ("function",),
    buckets=DURATION_BUCKETS,
)
REPLICAS = Gauge(
    "hookstream_replicas",
    "Replicas that take requests.",
    ("function",),
    multiprocess_mode="livemostrecent",
)
RESTARTS = Counter(
    "hookstream_restarts_total",
    "Processes that ended unasked and were started again, by name; replicas by function.",
    ("process",),
)
