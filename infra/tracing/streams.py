"""The steps that the broker has on record: what is pending, and dead letters."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from infra.connector.checksums import CHECKSUM_MISMATCH
from infra.reconciling.reading import Selection, connect, read_stream
from infra.tracing.ledger import Found
from infra.tracing.trail import Packed, Step, packed
from shared.events.model import SOURCES
from shared.stream import dead_letters as letter
from shared.stream.packing import CORRELATION_IDS, RECEIVED_AT, SUBJECT_PREFIX, trace_contexts
from shared.stream.topology import EVENTS, consumer_name


async def read_streams(nats_url: str, name: str, stored: Sequence[Packed]) -> Found:
    """Read messages that are not processed, and all dead letters; `stored` are known already.

    Raises nats.errors.Error or OSError.
    """
    connection = await connect(nats_url)
    try:
        js = connection.jetstream(timeout=10)
        found = Found()
        await _read_pending(js, name, {each.sequence for each in stored}, found)
        messages = {each.sequence: each for each in (*stored, *found.messages)}
        await _read_letters(js, name, messages, found)
        return found
    finally:
        await connection.close()


async def _read_pending(
    js: JetStreamContext, name: str, stored: Collection[int], found: Found
) -> None:
    last = (await js.stream_info(EVENTS)).state.last_seq
    floors = [(await js.consumer_info(EVENTS, consumer_name(s))).ack_floor for s in SOURCES]
    first = 1 + min(floor.stream_seq if floor else 0 for floor in floors)
    async for message in read_stream(js, EVENTS, Selection(last=last, first=first)):
        headers = message.headers or {}
        sequence = message.metadata.sequence.stream
        contexts = trace_contexts(headers)
        source = message.subject.removeprefix(f"{SUBJECT_PREFIX}.")
        own = packed(sequence, source, headers.get(CORRELATION_IDS, ""), contexts, name)
        if own is None or sequence in stored:
            continue
        found.messages.append(own)
        found.trace_contexts.append(contexts)
        found.steps.append(own.step(_moment(headers, RECEIVED_AT, message), "accepted"))
        found.steps.append(own.step(message.metadata.timestamp, "published"))


async def _read_letters(
    js: JetStreamContext, name: str, messages: Mapping[int, Packed], found: Found
) -> None:
    last = (await js.stream_info(letter.STREAM)).state.last_seq
    async for message in read_stream(js, letter.STREAM, Selection(last=last)):
        headers = message.headers or {}
        origin = headers.get(letter.ORIGIN, "")
        own = messages.get(_sequence(origin))
        if headers.get(letter.CORRELATION_ID) == name or (own and _is_about(headers, own)):
            found.steps.append(_buried(message, headers, origin))


def _is_about(headers: Mapping[str, str], message: Packed) -> bool:
    """Say whether a letter from a message is about the request: others may share the message."""
    whole = headers.get(letter.CODE) == CHECKSUM_MISMATCH
    return whole or message.has(_index(headers.get(letter.ORIGIN, "")))


def _buried(message: Msg, headers: Mapping[str, str], origin: str) -> Step:
    return Step(
        at=_moment(headers, letter.LAST_AT, message),
        what="dead letter",
        source=message.subject.rpartition(".")[2],
        message=origin.rpartition(":")[0] if _sequence(origin) else "",
        events=1,
        details={
            "letter": message.metadata.sequence.stream,
            "code": headers.get(letter.CODE, ""),
            "stage": headers.get(letter.STAGE, ""),
            "index": _index(origin),
            "attempts": int(headers.get(letter.ATTEMPTS, "0")),
        },
    )


def _index(origin: str) -> int:
    return int(origin.rpartition(":")[2] or 0)


def _sequence(origin: str) -> int:
    """Return the sequence in EVENTS that a letter came from, 0 for one that ingest refused."""
    stream, _, place = origin.partition(":")
    number = place.partition(":")[0]
    return int(number) if stream == EVENTS and number.isdecimal() else 0


def _moment(headers: Mapping[str, str], header: str, message: Msg) -> datetime:
    text = headers.get(header)
    return datetime.fromisoformat(text) if text else message.metadata.timestamp
