"""Invokes a function on AWS Lambda, and tells its answers in the terms of HTTP.

Contract: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, RequestResponse. The
header X-Amz-Function-Error says that the function has failed; the payload then names the error.
"""

from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import quote

import aiohttp
import msgspec

from shared.aws.calls import Answered, AwsError, Service, endpoint
from shared.aws.invocations import REFUSED, encode_invocation
from shared.batch import StoredMessage

FUNCTION_ERROR = "X-Amz-Function-Error"

_SAYS_OF_THE_MESSAGES = {HTTPStatus.OK, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
"""What AWS' own statuses besides say is that it is not to be had now, or not set up right."""


class _Failure(msgspec.Struct):
    errorType: str = ""


async def post(
    session: aiohttp.ClientSession, arn: str, messages: Sequence[StoredMessage], seconds: float
) -> Answered:
    """Invoke a function with messages and return what it would have answered over HTTP."""
    path = f"/2015-03-31/functions/{quote(arn, safe='')}/invocations"
    try:
        service = Service("lambda", endpoint("lambda"), session)
        answer = await service.post(path, encode_invocation(messages), {}, seconds)
    except AwsError as error:
        return Answered(HTTPStatus.SERVICE_UNAVAILABLE, {}, str(error).encode())
    if FUNCTION_ERROR in answer.headers:
        refused = _error_type(answer.body) == REFUSED
        status = HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.BAD_GATEWAY
        return Answered(status, {}, answer.body)
    if answer.status not in _SAYS_OF_THE_MESSAGES:
        return Answered(HTTPStatus.SERVICE_UNAVAILABLE, answer.headers, answer.body)
    return answer


def _error_type(payload: bytes) -> str:
    try:
        return msgspec.json.decode(payload, type=_Failure).errorType
    except msgspec.MsgspecError:
        return ""
