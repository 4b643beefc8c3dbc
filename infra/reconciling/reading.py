"""Reads a stream from end to end without touching its consumers.

A pull consumer that is made for one reading, acknowledges nothing and is forgotten by the server;
contract: https://docs.nats.io/nats-concepts/jetstream/consumers (AckPolicy none, headers_only).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext, api

from shared.stream import address

_FORGOTTEN_AFTER = 60.0
_HEADERS_AT_ONCE = 1_000
_MESSAGES_AT_ONCE = 32
"""Messages have up to 576 KiB: this many are 18 MiB at most."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which messages to read: from sequence `first` up to `last`, of one subject.

    `since` is when the first was stored, in place of `first`.
    """

    last: int
    subject: str | None = None
    since: datetime | None = None
    payloads: bool = False
    first: int = 1


async def connect(nats_url: str) -> Client:
    """Connect once, to servers separated by commas. Raises nats.errors.Error or OSError."""
    return await address.connect(
        nats_url,
        name="hookstream command",
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=0.1,
        connect_timeout=3,
        error_cb=_ignore,
    )


async def _ignore(_: Exception) -> None:
    """Leave it to the call that fails: the library would print a traceback for the same error."""


async def read_stream(
    js: JetStreamContext, stream: str, selection: Selection
) -> AsyncIterator[Msg]:
    """Yield a stream's messages in order. Raises nats.errors.Error."""
    subscription = await js.pull_subscribe(
        selection.subject or "", stream=stream, config=_consumer(selection)
    )
    try:
        most = _MESSAGES_AT_ONCE if selection.payloads else _HEADERS_AT_ONCE
        while pending := (await subscription.consumer_info()).num_pending or 0:
            for message in await _fetch(subscription, min(most, pending)):
                if message.metadata.sequence.stream > selection.last:
                    return
                yield message
    finally:
        await subscription.unsubscribe()


async def _fetch(subscription: JetStreamContext.PullSubscription, most: int) -> list[Msg]:
    try:
        return await subscription.fetch(most, timeout=2)
    except NatsTimeoutError:
        # What was pending has been removed meanwhile; the caller counts again.
        return []


def _consumer(selection: Selection) -> api.ConsumerConfig:
    policy = api.DeliverPolicy.ALL
    if selection.since:
        policy = api.DeliverPolicy.BY_START_TIME
    elif selection.first > 1:
        policy = api.DeliverPolicy.BY_START_SEQUENCE
    return api.ConsumerConfig(
        deliver_policy=policy,
        opt_start_time=selection.since,
        opt_start_seq=selection.first if policy == api.DeliverPolicy.BY_START_SEQUENCE else None,
        ack_policy=api.AckPolicy.NONE,
        headers_only=not selection.payloads,
        inactive_threshold=_FORGOTTEN_AFTER,
        num_replicas=1,
        mem_storage=True,
    )
