"""Invokes a function with a batch, over HTTP or on Lambda, and says what its answer means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
import msgspec

from infra.connector.retry_after import seconds_to_wait
from shared.batch import BatchAnswer, StoredMessage, decode_answer, encode_batch
from shared.cloudevents import BATCH_TYPE
from shared.tracing import TRACEPARENT_HEADER

_REFUSALS = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""Statuses that say something about the messages; every other failure is an outage."""


class OutageError(Exception):
    """The function or something behind it is away: the same batch may succeed later.

    `retry_after` is what the other side asked for, in seconds.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class RefusalError(Exception):
    """The function refuses these messages: sending them again as they are is of no use."""


@dataclass(frozen=True, slots=True)
class Target:
    """A function to invoke; `timeout` is in seconds, for the whole call.

    Its `url` may be the ARN of a Lambda function, or of a version or alias.
    """

    name: str
    url: str
    timeout: float


async def invoke(
    session: aiohttp.ClientSession,
    target: Target,
    messages: Sequence[StoredMessage],
    traceparent: str = "",
) -> BatchAnswer:
    """Deliver messages to a function, in a trace if given. Raises OutageError or RefusalError."""
    if target.url.startswith("arn:"):
        from infra.connector import lambda_invocation  # noqa: PLC0415 - needs the extra aws

        done = await lambda_invocation.post(session, target.url, messages, target.timeout)
        return _read(done.status, done.headers, done.body)
    body = encode_batch(messages)
    timeout = aiohttp.ClientTimeout(total=target.timeout)
    headers = {"content-type": BATCH_TYPE}
    if traceparent:
        headers[TRACEPARENT_HEADER] = traceparent
    try:
        async with session.post(target.url, data=body, headers=headers, timeout=timeout) as answer:
            content = await answer.read()
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise OutageError(type(error).__name__) from error
    return _read(answer.status, answer.headers, content)


def _read(status: int, headers: Mapping[str, str], content: bytes) -> BatchAnswer:
    """Return what a function answers. Raises OutageError or RefusalError."""
    if status == HTTPStatus.OK:
        try:
            return decode_answer(content)
        except msgspec.MsgspecError as error:
            raise OutageError("the answer is not a batch answer") from error
    if status in _REFUSALS:
        raise RefusalError(f"status {status}")
    raise OutageError(f"status {status}", seconds_to_wait(headers))
