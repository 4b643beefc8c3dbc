"""Lambda's event source mapping for SQS: a batch of records in, those that failed out.

Contract: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html,
ReportBatchItemFailures. SQS deletes what is not named; what is, it delivers again, and moves to
the queue's dead-letter queue once it has been received `maxReceiveCount` times.

Two kinds end there: whole messages that cannot be read, or fail alone, in that way; and single
events that can never be stored, which are written there here, one message each, with the reason,
before their message is deleted.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from shared.aws.batches import FailedBatchError, RefusedBatchError, deliver, merged
from shared.batch import BatchAnswer, ItemFailure, StoredMessage, encode_batch
from shared.dead_letters.mending import mend
from shared.dead_letters.rejections import letters
from shared.errors import Problem
from shared.stream.dead_letters import DeadLetter
from shared.stream.encoding import EncodingError, decode
from shared.stream.packing import EVENT_COUNT
from shared.stream.sqs_messages import Record, UnreadableError
from shared.telemetry import fields
from shared.web import Function

SOURCE = "aws:sqs"

Bury = Callable[[DeadLetter], Awaitable[object]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Held:
    record: Record
    stored: StoredMessage


def is_batch(event: object) -> bool:
    """Say whether an event is a batch of an SQS queue."""
    records = event.get("Records") if isinstance(event, dict) else None
    return isinstance(records, list) and all(r.get("eventSource") == SOURCE for r in records)


async def consume(
    function: Function, event: dict[str, object], bury: Bury
) -> dict[str, list[dict[str, str]]]:
    """Have a collector store a batch; return the partial batch response.

    Raises FailedBatchError if all of it failed: Lambda counts that as an error, and asks less
    often for a while.
    """
    records = msgspec.convert(event["Records"], list[Record])
    held = list(_readable(records))
    failed = {each.messageId for each in records} - {each.record.messageId for each in held}
    by_id = {each.stored.id: each for each in held}
    answer = await _deliver(function, list(by_id.values()))
    for failure in answer.batchItemFailures:
        failed.add(by_id[failure.itemIdentifier].record.messageId)
    failed |= {each.record.messageId for each in await _unburied(by_id, answer, bury)}
    if len(failed) == len(records):
        raise FailedBatchError(f"all of {len(records)} messages failed")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in sorted(failed)]}


def _readable(records: Sequence[Record]) -> Iterator[_Held]:
    """Yield the records that are messages of ours, and log the others."""
    for record in records:
        try:
            stored = _stored(record)
        except (UnreadableError, EncodingError, ValueError) as error:
            about = fields(messageId=record.messageId, reason=str(error))
            logger.warning("unreadable message", extra=about)
        else:
            yield _Held(record, stored)


def _stored(record: Record) -> StoredMessage:
    """Return a record as the message that it is. Raises UnreadableError or EncodingError."""
    headers = record.headers
    content = record.content()
    decode(content, headers)
    if not headers.get(EVENT_COUNT, "1").isdecimal():
        raise UnreadableError("the number of events is none")
    queue = record.eventSourceARN.rpartition(":")[2]
    sent = int(record.attributes.SentTimestamp) / 1000
    return StoredMessage(
        stream=queue,
        sequence=record.sequence,
        source=queue.rpartition("-")[2],
        published_at=datetime.fromtimestamp(sent, UTC),
        headers=headers,
        content=content,
    )


async def _deliver(function: Function, batch: Sequence[_Held]) -> BatchAnswer:
    """Return what became of messages, having found those that fail by themselves."""
    if not batch:
        return BatchAnswer()
    try:
        return await deliver(function, encode_batch(each.stored for each in batch))
    except FailedBatchError as error:
        if error.divisible and len(batch) > 1:
            middle = len(batch) // 2
            parts = batch[:middle], batch[middle:]
            return merged([await _deliver(function, part) for part in parts])
        if isinstance(error, RefusedBatchError):
            return await _deliver_mended(function, batch[0], error)
        return _all_failed(batch, error)


async def _deliver_mended(function: Function, held: _Held, error: FailedBatchError) -> BatchAnswer:
    """Return what became of a message without the events that make it unreadable, if it has such.

    What the collector says of the places that they leave is left out.
    """
    mended, rejected = mend(held.stored)
    if not rejected:
        return _all_failed([held], error)
    try:
        answer = await deliver(function, encode_batch([mended]))
    except FailedBatchError as again:
        return _all_failed([held], again)
    known = {rejection.index for rejection in rejected}
    others = [rejection for rejection in answer.rejected if rejection.index not in known]
    return BatchAnswer(answer.batchItemFailures, [*rejected, *others])


def _all_failed(batch: Sequence[_Held], error: FailedBatchError) -> BatchAnswer:
    names = [each.record.messageId for each in batch]
    logger.warning("messages failed", extra=fields(messageIds=names, reason=str(error)))
    return BatchAnswer(batchItemFailures=[ItemFailure(each.stored.id) for each in batch])


async def _unburied(by_id: dict[str, _Held], answer: BatchAnswer, bury: Bury) -> list[_Held]:
    """Write a letter for each rejected event; return the messages of which one is not stored."""
    missed = []
    for name in dict.fromkeys(rejection.itemIdentifier for rejection in answer.rejected):
        held = by_id[name]
        own = [each for each in answer.rejected if each.itemIdentifier == name]
        attempts = int(held.record.attributes.ApproximateReceiveCount)
        try:
            for letter in letters(held.stored, own, attempts):
                await bury(letter)
        except Problem as problem:
            logger.warning("letter not written", extra=fields(code=problem.kind.code))
            missed.append(held)
    return missed
