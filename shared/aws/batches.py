"""Hands packed messages to a collector within its process, and says what became of them."""

from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus

from shared.batch import BatchAnswer, decode_answer
from shared.cloudevents import BATCH_TYPE
from shared.requests import Request
from shared.telemetry import new_correlation_id
from shared.web import Function

_OUTAGES: set[int] = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class FailedBatchError(Exception):
    """The collector, or the database behind it, failed: the batch may succeed later.

    `divisible` says that a single one of its messages may be to blame.
    """

    def __init__(self, reason: str, *, divisible: bool = False) -> None:
        super().__init__(reason)
        self.divisible = divisible


class RefusedBatchError(FailedBatchError):
    """The collector refuses the batch: it never succeeds as it is."""


async def deliver(function: Function, batch: bytes) -> BatchAnswer:
    """Return a collector's answer to a batch of CloudEvents. Raises FailedBatchError."""
    answer = await function.answer(_request(batch))
    if answer is not None and answer.status == HTTPStatus.OK:
        return decode_answer(answer.body)
    status = HTTPStatus.INTERNAL_SERVER_ERROR if answer is None else answer.status
    if status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _OUTAGES:
        raise RefusedBatchError(f"status {status}", divisible=True)
    divisible = status == HTTPStatus.INTERNAL_SERVER_ERROR
    raise FailedBatchError(f"status {status}", divisible=divisible)


def _request(body: bytes) -> Request:
    async def chunks() -> AsyncIterator[bytes]:
        yield body

    return Request(
        method="POST",
        path="/",
        query="",
        headers={"content-type": BATCH_TYPE},
        chunks=chunks,
        correlation_id=new_correlation_id(),
        whole=lambda: body,
    )


def merged(answers: Sequence[BatchAnswer]) -> BatchAnswer:
    """Return the answers to the parts of a batch as one."""
    return BatchAnswer(
        batchItemFailures=[each for answer in answers for each in answer.batchItemFailures],
        rejected=[each for answer in answers for each in answer.rejected],
    )
