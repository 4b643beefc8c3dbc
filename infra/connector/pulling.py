"""A pull consumer that keeps a bounded buffer filled.

Contract: the pull protocol of JetStream (https://docs.nats.io/reference/reference-protocols/
nats_api_reference, CONSUMER.MSG.NEXT; ADR-13): a request asks for a batch and stays open until
it is served or expires, so that a message is delivered the moment it arrives.
"""

import asyncio
import json
import logging
import time
from collections import deque

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.batch import StoredMessage
from shared.stream.connection import Broker
from shared.stream.publishing import NO_RESPONDERS
from shared.stream.topology import EVENTS, consumer_name
from shared.telemetry import fields

EXPIRES = 30.0
HEARTBEAT = 5.0
"""A request that is silent for twice this long is taken for lost."""

_HEARTBEAT_STATUS = "100"
_EXPIRED = {"404", "408"}

logger = logging.getLogger(__name__)


class HeldMessage:
    """A delivered message that is this connector's until it is acknowledged or given back."""

    __slots__ = ("_message", "_settled", "stored")

    def __init__(self, message: Msg, source: str) -> None:
        self._message = message
        self._settled = False
        metadata = message.metadata
        self.stored = StoredMessage(
            stream=metadata.stream,
            sequence=metadata.sequence.stream,
            source=source,
            published_at=metadata.timestamp,
            headers=message.headers or {},
            content=message.data,
        )

    @property
    def deliveries(self) -> int:
        """Return how often the message has been delivered, this time included."""
        return self._message.metadata.num_delivered

    async def ack(self) -> None:
        """Acknowledge: the message is done with."""
        self._settled = True
        await self._settle(self._message.ack())

    async def nak(self, delay: float) -> None:
        """Give the message back, to be delivered again after `delay` seconds, if it is held."""
        if not self._settled:
            self._settled = True
            await self._settle(self._message.nak(delay))

    async def extend(self) -> None:
        """Begin the acknowledgement deadline anew."""
        await self._settle(self._message.in_progress())

    async def _settle(self, acknowledgement: object) -> None:
        try:
            await acknowledgement  # type: ignore[misc]  # one of the coroutines above
        except NatsError as error:
            # It is delivered again after the ack wait, and then known to be stored.
            logger.warning("not acknowledged", extra=fields(error=type(error).__name__))


class PullConsumer:
    """Buffers a source's messages: at most `capacity` messages are requested or buffered."""

    def __init__(self, broker: Broker, source: str, capacity: int) -> None:
        self._broker = broker
        self._source = source
        self._capacity = capacity
        self._buffer: deque[HeldMessage] = deque()
        self._arrived = asyncio.Event()
        self._requested: dict[str, int] = {}
        self._heard = 0.0
        self._requests = 0
        self._client: Client | None = None
        self._inbox = ""
        self._woken = False
        self.missing = False
        """Whether the server said that there is no such consumer or stream."""
        broker.on_disconnect.append(self._forget)

    @property
    def buffered(self) -> deque[HeldMessage]:
        """Return the messages that nobody has taken yet, oldest first."""
        return self._buffer

    async def wait(self, patience: float) -> bool:
        """Keep requests open and return whether a message is buffered, after `patience` at most."""
        if not self._buffer:
            self._arrived.clear()
            await self.request()
            try:
                async with asyncio.timeout(patience):
                    await self._arrived.wait()
            except TimeoutError:
                return False
        return bool(self._buffer)

    async def fill(self, patience: float) -> None:
        """Return once half of the buffer is full, after `patience` at most."""
        deadline = time.monotonic() + patience
        while len(self._buffer) < self._capacity // 2 and not self._woken:
            self._arrived.clear()
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    await self._arrived.wait()
            except TimeoutError:
                return

    def wake(self) -> None:
        """End a wait() or fill() now, and each that follows."""
        self._woken = True
        self._arrived.set()

    async def request(self) -> None:
        """Ask for as many messages as there is room for."""
        if self._requested and time.monotonic() - self._heard > 2 * HEARTBEAT:
            self._requested.clear()
        room = self._capacity - len(self._buffer) - sum(self._requested.values())
        if room < max(1, self._capacity // 2) and self._requested:
            return
        if room < 1:
            return
        client = self._broker.client
        if client is not self._client:
            await self._subscribe(client)
        self._requests += 1
        token = str(self._requests)
        self._requested[token] = room
        self._heard = time.monotonic()
        ask = {
            "batch": room,
            "expires": int(EXPIRES * 1e9),
            "idle_heartbeat": int(HEARTBEAT * 1e9),
        }
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS}.{consumer_name(self._source)}"
        try:
            await client.publish(subject, json.dumps(ask).encode(), self._inbox + token)
        except NatsError:
            self._requested.pop(token, None)
            raise

    async def _subscribe(self, client: Client) -> None:
        self._inbox = client.new_inbox() + "."
        await client.subscribe(self._inbox + "*", cb=self._receive)
        self._client = client

    async def _receive(self, message: Msg) -> None:
        self._heard = time.monotonic()
        status = message.headers.get("Status") if message.headers else None
        if status and not message.reply.startswith("$JS.ACK"):
            self._end_request(message.subject.rpartition(".")[2], status, message)
            return
        self._fulfil_one()
        self._buffer.append(HeldMessage(message, self._source))
        self._arrived.set()

    def _end_request(self, token: str, status: str, message: Msg) -> None:
        """Note that the server ended a request; one that only expired is renewed at once."""
        if status == _HEARTBEAT_STATUS:
            return
        self._requested.pop(token, None)
        if status in _EXPIRED:
            self._arrived.set()
            return
        reason = (message.headers or {}).get("Description", "no responders")
        self.missing = status == NO_RESPONDERS or reason.startswith("Consumer Deleted")
        logger.warning("pull ended", extra=fields(source=self._source, status=status, why=reason))

    def _fulfil_one(self) -> None:
        """Count a message towards the oldest request: the server serves them in order.

        A message carries its stream subject, not the request's inbox.
        """
        oldest = next(iter(self._requested), None)
        if oldest is not None:
            self._requested[oldest] -= 1
            if self._requested[oldest] < 1:
                del self._requested[oldest]

    def _forget(self) -> None:
        """Drop what a lost connection makes void: open requests."""
        self._requested.clear()
        self._arrived.set()
