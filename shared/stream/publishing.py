"""Publishes packed messages and waits for the stream's acknowledgement.

Contract: https://docs.nats.io/reference/reference-protocols/nats_api_reference (publication acks
arrive on the reply subject). The client library's asynchronous publish leaves its future pending
when the stream answers with an error, so acknowledgements are received here.
"""

import asyncio
import itertools
from collections.abc import Mapping

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from shared.errors import Problem
from shared.stream.connection import RETRY_AFTER, Broker
from shared.stream.packing import Pack
from shared.stream.silence import Silence
from shared.tracing import span

NO_RESPONDERS = "503"
FULL = {10023, 10047, 10077, 10122, 10167}
"""JetStream's error codes for a stream, account or server out of room (server/errors.json)."""
RETRY_AFTER_FULL = 10.0


class _Error(msgspec.Struct):
    err_code: int = 0
    description: str = ""


class PublishAck(msgspec.Struct):
    """The stream's answer: where the message is; `duplicate` if it was there before."""

    stream: str = ""
    seq: int = 0
    duplicate: bool = False
    error: _Error | None = None


class Publisher:
    """Publishes over one broker connection; any number of publications may be under way.

    One acknowledgement may take `timeout` seconds as long as others arrive. After `patience`
    seconds without any, all that wait fail, and so does at once what comes after them, until a
    single publication, tried every `patience` seconds, finds the stream back.
    """

    def __init__(self, broker: Broker, timeout: float, patience: float) -> None:
        self._broker = broker
        self._timeout = timeout
        self._silence = Silence(patience)
        self._waiting: dict[str, asyncio.Future[PublishAck]] = {}
        self._tokens = itertools.count()
        self._inbox = ""
        self._client: Client | None = None
        self._subscribing = asyncio.Lock()
        broker.on_disconnect.append(self._lost)

    async def publish(self, pack: Pack) -> PublishAck:
        """Publish a pack and return when the stream has it on disk.

        Raises Problem broker_unavailable or stream_full; then it may be stored all the same, and
        publishing it again does no harm.
        """
        contexts = (origin.traceparent for origin, _ in pack.origins)
        with span(f"publish {pack.subject}", "producer", links=contexts) as published:
            published.note(hookstream__events=pack.events)
            return await self.send(pack.subject, *pack.message())

    async def send(self, to: str, payload: bytes, headers: Mapping[str, str]) -> PublishAck:
        """Publish one message. Raises as publish() does."""
        client = self._broker.client
        if self._silence.lasts:
            raise _away("The stream does not answer.")
        token = str(next(self._tokens))
        future: asyncio.Future[PublishAck] = asyncio.get_running_loop().create_future()
        self._waiting[token] = future
        try:
            async with asyncio.timeout(self._timeout) as deadline:
                with self._silence.bounds(deadline):
                    if client is not self._client:
                        await self._subscribe(client)
                    await client.publish(to, payload, self._inbox + token, headers=dict(headers))
                    return await future
        except TimeoutError:
            raise _away("The stream did not acknowledge in time.") from None
        except NatsError as error:
            raise _away(f"The broker connection failed: {type(error).__name__}.") from error
        finally:
            self._waiting.pop(token, None)

    async def _subscribe(self, client: Client) -> None:
        async with self._subscribing:
            if client is not self._client:
                self._inbox = client.new_inbox() + "."
                await client.subscribe(self._inbox + "*", cb=self._acknowledged)
                self._client = client

    async def _acknowledged(self, message: Msg) -> None:
        self._silence.heard()
        future = self._waiting.get(message.subject.rpartition(".")[2])
        if future is None or future.done():
            return
        if message.headers and message.headers.get("Status") == NO_RESPONDERS:
            future.set_exception(_away("No stream takes the events."))
            return
        try:
            ack = msgspec.json.decode(message.data, type=PublishAck)
        except msgspec.MsgspecError as error:
            future.set_exception(_away(f"The stream's answer is not understood: {error}"))
            return
        if ack.error is None:
            future.set_result(ack)
        elif ack.error.err_code in FULL:
            future.set_exception(
                Problem(
                    "stream_full", "Send the request again later.", retry_after=RETRY_AFTER_FULL
                )
            )
        else:
            future.set_exception(_away(f"The stream refused: {ack.error.description}"))

    def _lost(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_away("The broker went away."))


def _away(reason: str) -> Problem:
    return Problem(
        "broker_unavailable", f"{reason} Send the request again.", retry_after=RETRY_AFTER
    )
