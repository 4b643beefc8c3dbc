"""When an attempt is worth another, and when that is.

What OpenFaaS retries is documented at https://docs.openfaas.com/openfaas-pro/retries/; the numbers
here are our own.
"""

from collections.abc import Mapping
from http import HTTPStatus

from nats.aio.msg import Msg

from infra.connector.backoff import Backoff
from infra.connector.retry_after import seconds_to_wait

MOST_ATTEMPTS = 10

_FIRST = 1.0
_LONGEST = 60.0
_LONGEST_ASKED = 300.0
_RETRIED = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


def attempts(message: Msg) -> int:
    """Return how often a message was delivered, this time included."""
    return message.metadata.num_delivered or 1


def next_attempt(message: Msg, status: int, headers: Mapping[str, str]) -> float | None:
    """Return the seconds until the next attempt after an answer, None if there is none."""
    made = attempts(message)
    if status not in _RETRIED or made >= MOST_ATTEMPTS:
        return None
    backoff = Backoff(_FIRST, _LONGEST, _LONGEST_ASKED, failures=made)
    return backoff.delay(seconds_to_wait(headers))
