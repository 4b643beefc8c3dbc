"""Reads the broker's side: stream, then consumers, then dead letters.

In this order nothing is counted as missing that is merely moving: what the consumers have
acknowledged by now was committed before, and what has left the stream was processed before; the
database is asked after this.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from nats.js import JetStreamContext

from infra.connector.checksums import CHECKSUM_MISMATCH
from infra.reconciling.facts import BrokerFacts, ConsumerState, HeldMessages, Letters
from infra.reconciling.reading import Selection, connect, read_stream
from shared.events.model import SOURCES
from shared.stream.dead_letters import STREAM as DEADLETTER
from shared.stream.packing import CHECKSUM, EVENT_COUNT, SUBJECT_PREFIX, checksum
from shared.stream.topology import EVENTS, consumer_name

_ROUNDING = timedelta(milliseconds=1)
"""Message times lose their nanoseconds on the way to the ledger."""


async def read_broker(nats_url: str, *, payloads: bool) -> BrokerFacts:
    """Return what the broker has on record. Raises nats.errors.Error or OSError."""
    connection = await connect(nats_url)
    try:
        return await _read(connection.jetstream(timeout=10), payloads=payloads)
    finally:
        await connection.close()


async def _read(js: JetStreamContext, *, payloads: bool) -> BrokerFacts:
    stream = await js.stream_info(EVENTS)
    facts = BrokerFacts(
        created=_moment(stream.created) - _ROUNDING,
        last_sequence=stream.state.last_seq,
        held={source: HeldMessages() for source in SOURCES},
        consumers={},
        letters=Letters(),
    )
    selection = Selection(last=facts.last_sequence, payloads=payloads)
    async for message in read_stream(js, EVENTS, selection):
        source = message.subject.removeprefix(f"{SUBJECT_PREFIX}.")
        sequence = message.metadata.sequence.stream
        headers = message.headers or {}
        held = facts.held.setdefault(source, HeldMessages())
        held.add(sequence, int(headers.get(EVENT_COUNT, "1")))
        if EVENT_COUNT not in headers:
            held.uncounted.add(sequence)
        expected = headers.get(CHECKSUM)
        if payloads and expected is not None and checksum(message.data) != expected:
            facts.damaged[sequence] = source
    for source in SOURCES:
        facts.consumers[source] = await _consumer(js, source)
    facts.letters = await _letters(js, facts.created)
    return facts


async def _consumer(js: JetStreamContext, source: str) -> ConsumerState:
    info = await js.consumer_info(EVENTS, consumer_name(source))
    floor = info.ack_floor.stream_seq if info.ack_floor else 0
    return ConsumerState(floor, (info.num_pending or 0) + (info.num_ack_pending or 0))


async def _letters(js: JetStreamContext, since: datetime) -> Letters:
    """Read the letters before what is gone is counted: one dropped meanwhile is both, not lost."""
    info = await js.stream_info(DEADLETTER)
    letters = Letters()
    async for message in read_stream(js, DEADLETTER, Selection(last=info.state.last_seq)):
        _file(letters, message.subject.rpartition(".")[2], message.headers or {}, since)
    state = (await js.stream_info(DEADLETTER)).state
    letters.gone = state.last_seq - state.messages
    return letters


def _file(letters: Letters, source: str, headers: Mapping[str, str], since: datetime) -> None:
    """Note a letter that came from the present stream; an older one began at sequence 1 as well."""
    stream, _, place = headers.get("Hookstream-Origin", "").partition(":")
    sequence, _, index = place.partition(":")
    first_at = headers.get("Hookstream-First-At")
    if stream != EVENTS or headers.get("Hookstream-Stage") != "consume" or first_at is None:
        return
    if datetime.fromisoformat(first_at) < since:
        return
    letters.places[int(sequence)].add(int(index))
    if headers.get("Hookstream-Code") == CHECKSUM_MISMATCH:
        letters.damaged[int(sequence)] = source


def _moment(created: datetime | None) -> datetime:
    if created is None:
        raise ValueError("the server does not say when the stream was created")
    return created
