"""SQS queues in place of JetStream's streams.

A subject is a queue: `events.facebook` is PREFIXevents-facebook. Contract: https://
docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html, up to ten
messages a request, each of which may fail by itself. A standard queue has stored a message on
several servers before it says so; it may deliver it twice, which the store knows to tell.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import count
from urllib.parse import urlsplit

import aiohttp
import msgspec
import stamina

from shared.access.keys import Key
from shared.aws.calls import AwsError, Service, endpoint
from shared.errors import Problem
from shared.events.splitting import split_array
from shared.settings import KIB, Settings
from shared.stream.connection import RETRY_AFTER
from shared.stream.dead_letters import DeadLetter, bury
from shared.stream.packing import Origin, Pack, join
from shared.stream.sqs_messages import Entry

MOST_ENTRIES = 10
MOST_REQUESTS = 4
"""Requests to a queue that are under way at once."""

ATTRIBUTES = 16 * KIB
"""Bytes that are left for the attributes of a message with a single event."""

_WAIT_FIRST, _WAIT_MOST = 0.1, 1.0


class _RefusedError(Exception):
    """SQS has not taken a message, and may take it later."""


class _Failure(msgspec.Struct):
    Id: str
    SenderFault: bool = False
    Code: str = ""


class _Success(msgspec.Struct):
    Id: str


class _Answer(msgspec.Struct):
    Successful: list[_Success] = []
    Failed: list[_Failure] = []


@dataclass(frozen=True, slots=True)
class Queues:
    """Where BROKER_URL has its queues."""

    url: str
    account: str
    prefix: str

    @classmethod
    def of(cls, text: str) -> "Queues":
        """Read a BROKER_URL. Raises ValueError, and AwsError without host and region."""
        parts = urlsplit(text)
        found = re.fullmatch(r"/([0-9]{12})/([A-Za-z0-9_-]*)", parts.path)
        if parts.scheme != "sqs" or parts.query or parts.fragment or found is None:
            raise ValueError("BROKER_URL is not sqs://HOST/ACCOUNT/PREFIX")
        url = f"https://{parts.netloc}" if parts.netloc else endpoint("sqs")
        return cls(url, found[1], found[2])

    def queue(self, subject: str) -> str:
        """Return the URL of the queue that takes a subject."""
        return f"{self.url}/{self.account}/{self.prefix}{subject.replace('.', '-')}"


class SqsBroker:
    """Publishes packs and letters; any number of publications may be under way."""

    def __init__(self, chosen: Settings) -> None:
        self._queues = Queues.of(chosen.broker_url)
        self._timeout = chosen.publish_timeout
        self._max_bytes = chosen.sqs_max_bytes
        self.largest_letter = (chosen.sqs_max_bytes - ATTRIBUTES) * 3 // 4
        if chosen.max_event_bytes > self.largest_letter:
            raise ValueError("SQS_MAX_BYTES is too small for MAX_EVENT_BYTES")
        self._session: aiohttp.ClientSession | None = None
        self._service: Service | None = None
        self._lanes: dict[str, _Lane] = {}

    def start(self) -> None:
        """Return: there is no connection to keep."""

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def keys(self) -> Iterable[Key]:
        """Raise Problem keys_unavailable: queues hand out messages, and keep none to look at."""
        detail = (
            "API keys are not to be had from SQS: sign requests, or send a token of OIDC_ISSUER."
        )
        raise Problem("keys_unavailable", detail)

    def ready(self) -> None:
        """Return: whether SQS is there, the next request tells."""

    async def admit(self) -> None:
        """Return: a queue holds any number of messages."""

    async def publish(self, pack: Pack) -> None:
        """Publish a pack, divided if it is too large; return when SQS has stored all of it.

        Raises Problem broker_unavailable; then it may be stored all the same, in part or whole,
        and publishing it again does no harm.
        """
        entry = Entry.of(*pack.message())
        if entry.size <= self._max_bytes or pack.events == 1:
            await self._send(pack.subject, entry)
            return
        await asyncio.gather(*map(self.publish, halves(pack)))

    async def send(self, to: str, payload: bytes, headers: Mapping[str, str]) -> None:
        """Publish one message. Raises as publish() does."""
        await self._send(to, Entry.of(payload, headers))

    async def bury(self, letter: DeadLetter) -> None:
        """Write a dead letter. Raises as publish() does."""
        await bury(self, letter)

    async def _send(self, to: str, entry: Entry) -> None:
        lane = self._lanes.get(to)
        if lane is None:
            lane = self._lanes[to] = _Lane(self._queues.queue(to), self._call, self._max_bytes)
        try:
            async with asyncio.timeout(self._timeout):
                async for attempt in stamina.retry_context(
                    on=_RefusedError,
                    attempts=None,
                    timeout=None,
                    wait_initial=_WAIT_FIRST,
                    wait_max=_WAIT_MOST,
                    wait_jitter=_WAIT_FIRST,
                ):
                    with attempt:
                        await lane.put(entry)
        except TimeoutError:
            raise _away("SQS has not taken the events in time.") from None

    async def _call(self, document: bytes) -> _Answer:
        """Send a batch. Raises _RefusedError or Problem."""
        if self._session is None or self._service is None:
            self._session = aiohttp.ClientSession()
            self._service = Service("sqs", self._queues.url, self._session)
        try:
            answer = await self._service.call("AmazonSQS.SendMessageBatch", document, self._timeout)
        except AwsError as error:
            raise _RefusedError(str(error)) from error
        if answer.status == HTTPStatus.OK:
            return msgspec.json.decode(answer.body, type=_Answer)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS or answer.status >= 500:  # noqa: PLR2004 - 5xx
            raise _RefusedError(f"status {answer.status}")
        raise _away(f"SQS refuses: {answer.headers.get('x-amzn-query-error', answer.status)}.")


def halves(pack: Pack) -> tuple[Pack, Pack]:
    """Return two packs with the events of one that has two at least, in their order."""
    events = split_array(pack.payload)
    middle = len(events) // 2
    first: list[tuple[Origin, int]] = []
    rest: list[tuple[Origin, int]] = []
    passed = 0
    for origin, number in pack.origins:
        before = min(max(middle - passed, 0), number)
        first += [(origin, before)] if before else []
        rest += [(origin, number - before)] if number > before else []
        passed += number
    return (
        Pack(pack.source, join(map(bytes, events[:middle])), first),
        Pack(pack.source, join(map(bytes, events[middle:])), rest),
    )


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    size: int
    done: asyncio.Future[None]


class _Lane:
    """One queue: what is put at the same moment, or while requests are under way, goes together.

    `call` sends a request's document and raises _RefusedError or Problem.
    """

    def __init__(
        self, queue: str, call: Callable[[bytes], Awaitable[_Answer]], max_bytes: int
    ) -> None:
        self._queue = queue
        self._call = call
        self._max_bytes = max_bytes
        self._waiting: deque[_Waiting] = deque()
        self._senders: set[asyncio.Task[None]] = set()

    async def put(self, entry: Entry) -> None:
        """Return when SQS has stored a message. Raises _RefusedError or Problem."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(entry, entry.size, done))
        if len(self._senders) < MOST_REQUESTS:
            sender = asyncio.create_task(self._drain())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        await done

    async def _drain(self) -> None:
        while batch := self._take():
            numbered = dict(zip(map(str, count()), batch, strict=False))
            try:
                answer = await self._call(self._document(numbered))
            except Exception as error:  # noqa: BLE001 - each waiting publication reports it
                for each in batch:
                    _settle(each.done, error)
            else:
                _tell(numbered, answer)

    def _take(self) -> list[_Waiting]:
        """Return the messages of the next request; what nobody waits for any more is left out."""
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and len(batch) < MOST_ENTRIES:
            if self._waiting[0].done.done():
                self._waiting.popleft()
                continue
            size += self._waiting[0].size
            if batch and size > self._max_bytes:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _document(self, numbered: Mapping[str, _Waiting]) -> bytes:
        entries: Sequence[object] = [
            each.entry.document(number) for number, each in numbered.items()
        ]
        return msgspec.json.encode({"QueueUrl": self._queue, "Entries": entries})


def _tell(numbered: Mapping[str, _Waiting], answer: _Answer) -> None:
    """Tell each publication what became of it; one that the answer does not name has failed."""
    failed = {failure.Id: failure for failure in answer.Failed}
    stored = {success.Id for success in answer.Successful}
    for number, each in numbered.items():
        failure = failed.get(number)
        if failure is None and number in stored:
            _settle(each.done, None)
        elif failure is not None and failure.SenderFault:
            _settle(each.done, _away(f"SQS refuses a message: {failure.Code}."))
        else:
            _settle(each.done, _RefusedError(failure.Code if failure else "not named"))


def _settle(done: asyncio.Future[None], error: Exception | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


def _away(reason: str) -> Problem:
    return Problem(
        "broker_unavailable", f"{reason} Send the request again.", retry_after=RETRY_AFTER
    )
