"""What the queue worker counts."""

from shared.metrics import Counter

INVOCATIONS = Counter(
    "hookstream_async_invocations_total",
    "Asynchronous invocations by what became of them: accepted, retried, answered, given_up.",
    ("function", "outcome"),
)
CALLBACKS = Counter(
    "hookstream_async_callbacks_total",
    "Attempts to call back with a result: delivered, retried, given_up.",
    ("function", "outcome"),
)
