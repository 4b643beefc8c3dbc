"""Streams and consumers: what exists in JetStream, created and updated idempotently.

Contracts: https://docs.nats.io/nats-concepts/jetstream/streams and …/consumers.
"""

from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from shared.access.broker import key_stream
from shared.events.model import SOURCES
from shared.settings import MIB, Settings, settings
from shared.stream.address import connect
from shared.stream.dead_letters import dead_letter_stream
from shared.stream.packing import SUBJECT_PREFIX, subject

EVENTS = "EVENTS"
DUPLICATE_WINDOW = 30.0
"""Seconds in which JetStream drops a repeated message id."""


def consumer_name(source: str) -> str:
    """Return the durable consumer that feeds a source's collector."""
    return f"{source}-collector"


def events_stream(chosen: Settings) -> api.StreamConfig:
    """Return EVENTS: on file, never discarding what is unprocessed, refusing when full."""
    return api.StreamConfig(
        name=EVENTS,
        description="Packed webhook events, one subject per source",
        subjects=[f"{SUBJECT_PREFIX}.>"],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        discard=api.DiscardPolicy.NEW,
        max_bytes=chosen.stream_max_bytes,
        max_age=0,
        max_msgs=-1,
        max_msg_size=chosen.pack_max_bytes + MIB // 16,
        duplicate_window=DUPLICATE_WINDOW,
        num_replicas=chosen.stream_replicas,
        allow_direct=True,
    )


def collector_consumer(source: str, chosen: Settings) -> api.ConsumerConfig:
    """Return the pull consumer of a source.

    Deliveries are not limited here: an outage must not use up the attempts of a good message.
    """
    return api.ConsumerConfig(
        durable_name=consumer_name(source),
        filter_subject=subject(source),
        deliver_policy=api.DeliverPolicy.ALL,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=chosen.ack_wait,
        max_deliver=-1,
        max_ack_pending=chosen.max_ack_pending,
        max_waiting=64,
    )


def streams(chosen: Settings) -> tuple[api.StreamConfig, ...]:
    """Return all streams that events and keys need."""
    return events_stream(chosen), dead_letter_stream(chosen), key_stream(chosen)


async def ensure_topology(js: JetStreamContext, chosen: Settings) -> None:
    """Create or update the streams and consumers. Raises nats.errors.Error."""
    for stream in streams(chosen):
        await ensure_stream(js, stream)
    await _ensure_consumers(js, chosen)


async def restore_topology(js: JetStreamContext, chosen: Settings) -> None:
    """Create the streams that are missing, create or update the consumers.

    For those who may not change streams. Raises nats.errors.Error.
    """
    for stream in streams(chosen):
        await restore_stream(js, stream)
    await _ensure_consumers(js, chosen)


async def _ensure_consumers(js: JetStreamContext, chosen: Settings) -> None:
    for source in SOURCES:
        await js.add_consumer(EVENTS, collector_consumer(source, chosen))


async def ensure_stream(js: JetStreamContext, wanted: api.StreamConfig) -> None:
    """Create or update one stream. Raises nats.errors.Error."""
    if not await restore_stream(js, wanted):
        await js.update_stream(wanted)


async def restore_stream(js: JetStreamContext, wanted: api.StreamConfig) -> bool:
    """Create one stream if it is missing; return whether it was. Raises nats.errors.Error."""
    try:
        await js.stream_info(str(wanted.name))
    except NotFoundError:
        await js.add_stream(wanted)
        return True
    return False


async def ensure_streams(nats_url: str, *others: api.StreamConfig) -> None:
    """Connect to a server of `nats_url`, ensure the topology and `others`, and disconnect."""
    connection = await connect(nats_url)
    try:
        await ensure_topology(connection.jetstream(), settings())
        for stream in others:
            await ensure_stream(connection.jetstream(), stream)
    finally:
        await connection.close()
