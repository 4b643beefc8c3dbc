"""The connector's metrics: deliveries, invocations, lag."""

from shared.metrics import Counter, Gauge, Histogram
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
PENDING_EVENTS = Gauge(
    "hookstream_pending_events",
    "Events in those messages: exact for up to two, else as in the oldest and the newest.",
    ("source",),
    multiprocess_mode="livemostrecent",
)
UNACKNOWLEDGED = Gauge(
    "hookstream_unacknowledged_messages",
    "Messages that are delivered and not acknowledged.",
    ("source",),
    multiprocess_mode="livemostrecent",
)
ATTEMPTS = Histogram(
    "hookstream_delivery_attempts",
    "Deliveries that a message took until it was acknowledged.",
    ("source",),
    buckets=(1, 2, 3, 5, 10, 20),
)
STORED_DEAD_LETTERS = Gauge(
    "hookstream_stored_dead_letters",
    "Dead letters in the stream.",
    ("source",),
    multiprocess_mode="livemostrecent",
)
STREAM_MESSAGES = Gauge(
    "hookstream_stream_messages",
    "Messages that a stream holds.",
    ("stream",),
    multiprocess_mode="livemostrecent",
)
STREAM_BYTES = Gauge(
    "hookstream_stream_bytes",
    "Bytes that a stream holds.",
    ("stream",),
    multiprocess_mode="livemostrecent",
)
STREAM_LIMIT = Gauge(
    "hookstream_stream_limit_bytes",
    "Bytes that a stream may hold; 0 is without limit.",
    ("stream",),
    multiprocess_mode="livemostrecent",
)
SILENCE = Gauge(
    "hookstream_stream_silence_seconds",
    "Time since EVENTS took its last message, or since the connector began.",
    multiprocess_mode="livemostrecent",
)
PUBLISHER_INTERVAL = Gauge(
    "hookstream_publisher_interval_seconds",
    "PUBLISHER_INTERVAL: how often events are expected; 0 is never.",
    multiprocess_mode="livemostrecent",
)
DISK_RESERVE = Gauge(
    "hookstream_stream_disk_reserve_bytes",
    "STREAM_DISK_RESERVE: free bytes below which ingest refuses.",
    multiprocess_mode="livemostrecent",
)
LOOKED_AT = Gauge(
    "hookstream_connector_looked_timestamp_seconds",
    "When the connector last looked at its servers.",
    multiprocess_mode="livemostrecent",
)
SERVER_UP = Gauge(
    "hookstream_server_up",
    "1 if the connector's broker or database answers, else 0.",
    ("server",),
    multiprocess_mode="livemostrecent",
)
DATABASE_BYTES = Gauge(
    "hookstream_database_bytes", "Bytes of the database.", multiprocess_mode="livemostrecent"
)
DATABASE_CONNECTIONS = Gauge(
    "hookstream_database_connections",
    "Connections to the database.",
    multiprocess_mode="livemostrecent",
)
DATABASE_CONNECTIONS_LIMIT = Gauge(
    "hookstream_database_connections_limit",
    "Connections that the database server takes.",
    multiprocess_mode="livemostrecent",
)
OLDEST_TRANSACTION = Gauge(
    "hookstream_database_oldest_transaction_seconds",
    "Age of the oldest open transaction.",
    multiprocess_mode="livemostrecent",
)
DATABASE_TRANSACTIONS = Counter(
    "hookstream_database_transactions_total", "Transactions that ended.", ("outcome",)
)
DATABASE_BLOCKS = Counter(
    "hookstream_database_blocks_total", "Blocks read, by where they were.", ("from",)
)
DATABASE_ROWS = Counter("hookstream_database_rows_inserted_total", "Rows inserted, of any table.")
DATABASE_DEADLOCKS = Counter("hookstream_database_deadlocks_total", "Deadlocks.")
