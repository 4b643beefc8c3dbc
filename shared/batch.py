"""The contract between the connector and a collector: a batch of packed messages and its answer.

Request: CloudEvents 1.0 JSON batch (https://github.com/cloudevents/spec, json-format.md section 4,
media type application/cloudevents-batch+json), one CloudEvent per packed message. A single
CloudEvent is taken too, structured or binary (shared.cloudevents), as a Knative broker delivers
it. Answer to a batch: AWS Lambda's partial batch response, `batchItemFailures`
(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html), plus `rejected`:
single events that can never be stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Annotated

import msgspec

from shared.cloudevents import (
    BATCH_TYPE,
    STRUCTURED_TYPE,
    Mode,
    header_attributes,
    mode_of,
)
from shared.errors import Problem
from shared.requests import Request
from shared.stream.encoding import CONTENT_ENCODING, decode, decoded_size
from shared.stream.packing import (
    CORRELATION_IDS,
    EVENT_COUNT,
    RECEIVED_AT,
    TRACE_CONTEXTS,
    TRACEPARENT,
)
from shared.tracing import accept_traceparent

EVENT_TYPE_PREFIX = "hookstream.events."

_STREAMS = "/hookstream/streams/"
"""Begins the source of what lies in a stream of ours; sequences of others say nothing here."""

_ATTRIBUTES = {
    RECEIVED_AT: "receivedat",
    CORRELATION_IDS: "correlationids",
    EVENT_COUNT: "eventcount",
    TRACEPARENT: "traceparent",
    TRACE_CONTEXTS: "tracecontexts",
}
"""Message headers and the CloudEvents extension attributes that carry them."""


@dataclass(frozen=True)
class StoredMessage:
    """A packed message as it lies in a stream; `content` is its payload as encoded there."""

    stream: str
    sequence: int
    source: str
    published_at: datetime
    headers: Mapping[str, str]
    content: bytes

    @cached_property
    def payload(self) -> bytes:
        """Return the JSON array of the events. Raises shared.stream.encoding.EncodingError."""
        return decode(self.content, self.headers)

    @property
    def size(self) -> int:
        """Return the length of the payload in bytes, as the content tells it."""
        return decoded_size(self.content, self.headers)

    def with_payload(self, payload: bytes) -> "StoredMessage":
        """Return the message with other events."""
        headers = {name: text for name, text in self.headers.items() if name != CONTENT_ENCODING}
        return replace(self, headers=headers, content=payload)

    @property
    def id(self) -> str:
        """Return the message's identity in requests and answers, e.g. `EVENTS:42`."""
        return f"{self.stream}:{self.sequence}"

    @property
    def events(self) -> int:
        """Return the number of events that the message says it holds."""
        return int(self.headers.get(EVENT_COUNT, "1"))


_NOTHING = msgspec.Raw(b"")


class Delivery(msgspec.Struct, kw_only=True, gc=False):
    """One packed message as a collector receives it; `data` is its events, undecoded.

    Unset attributes may be null, and a whole number is an integer's form (json-format.md 2.2).
    """

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
    source: str
    type: str
    data: list[msgspec.Raw]
    specversion: Annotated[str, msgspec.Meta(pattern=r"\A1\.[0-9]+\Z")] = "1.0"
    time: datetime | None = None
    receivedat: datetime | None = None
    correlationids: Annotated[str, msgspec.Meta(pattern=r"\A[^\x00]*\Z")] | None = ""
    eventcount: str | int | None = ""
    traceparent: str | None = ""
    tracecontexts: Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f* -]*\Z")] | None = ""

    @property
    def trace_contexts(self) -> str:
        """Return the trace contexts of the events by runs, '' if none has one."""
        if traceparent := accept_traceparent(self.traceparent):
            return f"{traceparent}*{len(self.data)}"
        return self.tracecontexts or ""

    @property
    def stream_sequence(self) -> int:
        """Return the sequence in the stream; for a message of another origin a negative number.

        That is the same at each delivery, and no other message's: source and id are unique together
        (https://github.com/cloudevents/spec, version 1.0.2, spec.md, "id").
        """
        sequence = self.id.rpartition(":")[2]
        if self.source.startswith(_STREAMS) and sequence.isdecimal() and len(sequence) < 19:  # noqa: PLR2004 - fits a bigint
            return int(sequence)
        origin = f"{self.source}\0{self.id}".encode("utf-8", "surrogatepass")
        return -1 - (int.from_bytes(blake2b(origin, digest_size=8).digest(), "big") >> 1)

    @property
    def published_at(self) -> datetime:
        """Return when the stream took the message."""
        return self.time or datetime.now(UTC)


class _Undivided(Delivery, kw_only=True, gc=False):
    """A message whose data may be a single event, or Base64 (json-format.md 3.1.2)."""

    data: msgspec.Raw = _NOTHING  # type: ignore[assignment]  # what becomes a list, below
    data_base64: bytes | None = None

    def divided(self) -> Delivery:
        """Return the message with its data as a list. Raises msgspec.DecodeError."""
        members = msgspec.structs.asdict(self)
        encoded = members.pop("data_base64")
        if (encoded is None) is (self.data == _NOTHING):
            raise msgspec.ValidationError("Either `data` or `data_base64` is required")
        data = self.data if encoded is None else msgspec.Raw(encoded)
        several = bytes(data).lstrip().startswith(b"[")
        return Delivery(**{**members, "data": _events(data) if several else [data]})


class ItemFailure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message to deliver again, after `retryAfterSeconds` if given."""

    itemIdentifier: str
    retryAfterSeconds: float | None = None


class RejectedEvent(msgspec.Struct, frozen=True):
    """An event that can never be stored; `index` counts from 0 within its message."""

    itemIdentifier: str
    index: int
    code: str
    detail: str


class BatchAnswer(msgspec.Struct, frozen=True):
    """What became of a batch; a message named nowhere is stored."""

    batchItemFailures: Sequence[ItemFailure] = ()
    rejected: Sequence[RejectedEvent] = ()


_batch = msgspec.json.Decoder(list[Delivery]).decode
_undivided_batch = msgspec.json.Decoder(list[_Undivided]).decode
_single = msgspec.json.Decoder(_Undivided).decode
_events = msgspec.json.Decoder(list[msgspec.Raw]).decode


def encode_batch(messages: Iterable[StoredMessage]) -> bytes:
    """Return the request body for messages; their payloads go in verbatim."""
    return b"[" + b",".join(map(_encode_message, messages)) + b"]"


def _encode_message(message: StoredMessage) -> bytes:
    attributes: dict[str, object] = {
        "specversion": "1.0",
        "id": message.id,
        "source": f"{_STREAMS}{message.stream}/{message.source}",
        "type": EVENT_TYPE_PREFIX + message.source,
        "time": message.published_at,
        "datacontenttype": "application/json",
    }
    for header, attribute in _ATTRIBUTES.items():
        if value := message.headers.get(header):
            attributes[attribute] = value
    return msgspec.json.encode(attributes)[:-1] + b',"data":' + message.payload + b"}"


def decode_deliveries(request: Request, body: bytes) -> list[Delivery]:
    """Return the messages of a request: a batch, or a single structured or binary CloudEvent.

    Raises Problem invalid_batch or unsupported_media_type.
    """
    mode = mode_of(request.headers)
    try:
        if mode is Mode.BATCHED:
            return _distinct(_decode_batch(body))
        if mode is Mode.STRUCTURED:
            return _distinct([_single(body).divided()])
        if mode is Mode.BINARY:
            return _distinct([_binary(request.headers, body)])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("invalid_batch", str(error)) from None
    raise Problem(
        "unsupported_media_type",
        "Send CloudEvents: a batch, or one in structured or binary mode.",
        allowed=[BATCH_TYPE, STRUCTURED_TYPE],
    )


def _decode_batch(body: bytes) -> list[Delivery]:
    try:
        return _batch(body)
    except msgspec.ValidationError:
        messages = _undivided_batch(body)
    if any(message.data_base64 is not None for message in messages):
        # What it holds would be read without its escapes being looked for.
        raise Problem("invalid_batch", "In a batch, data is JSON, not Base64.")
    return [message.divided() for message in messages]


def _distinct(deliveries: list[Delivery]) -> list[Delivery]:
    """Return deliveries as the ledger can hold them, and tell them apart.

    PostgreSQL takes no offset of 16 hours or more: times are turned to UTC. Raises Problem
    invalid_batch.
    """
    for each in deliveries:
        each.time, each.receivedat = _utc(each.time), _utc(each.receivedat)
    if len({(each.stream_sequence, each.time) for each in deliveries}) < len(deliveries):
        raise Problem("invalid_batch", "Two messages have the same source, id and time.")
    return deliveries


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise Problem("invalid_batch", "A time is no moment of the calendar.") from error


def _binary(headers: Mapping[str, str], body: bytes) -> Delivery:
    members = {**header_attributes(headers), "data": msgspec.Raw(body)}
    members.pop("data_base64", None)  # a member of the JSON format alone
    return msgspec.convert(members, _Undivided).divided()


def decode_answer(body: bytes) -> BatchAnswer:
    """Return a collector's answer. Raises msgspec.MsgspecError if it is not one."""
    return msgspec.json.decode(body, type=BatchAnswer)
