"""The test vectors of Standard Webhooks' own libraries.

Source: github.com/standard-webhooks/standard-webhooks, libraries/python/tests/test_webhooks.py.
"""

import base64
import hashlib
import hmac

import pytest

from shared.authenticity.standard_webhooks import StandardWebhooksSignature
from shared.errors import Problem

SECRET = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - a published one
IDENTITY = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
MOMENT = 1614265330
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
STRANGER = "v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="


def vector(signature: str = SIGNATURE) -> dict[str, str]:
    return {
        "webhook-id": IDENTITY,
        "webhook-timestamp": str(MOMENT),
        "webhook-signature": signature,
    }


def verify(headers: dict[str, str], secrets: str = SECRET, now: float = MOMENT) -> None:
    StandardWebhooksSignature(secrets, 300, lambda: now).verify(headers, BODY)


@pytest.mark.parametrize("secrets", [SECRET, f"whsec_{SECRET}", f"whsec_AAAA,whsec_{SECRET}"])
def test_the_signature_of_the_sign_function(secrets: str) -> None:
    verify(vector(), secrets)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_each_header_is_needed(name: str) -> None:
    headers = vector()
    del headers[name]
    with pytest.raises(Problem):
        verify(headers)


def test_a_wrong_signature() -> None:
    with pytest.raises(Problem):
        verify(vector("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA="))


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_timestamp_that_is_too_old_or_too_new(seconds: int) -> None:
    with pytest.raises(Problem):
        verify(vector(), now=MOMENT + seconds)


def test_several_signatures() -> None:
    verify(vector(f"{STRANGER} {STRANGER.replace('v1', 'v2')} {SIGNATURE} {STRANGER}"))
    with pytest.raises(Problem):
        verify(vector(f"{STRANGER} {SIGNATURE.replace('v1', 'v2')}"))


@pytest.mark.parametrize("missing", [1, 2])
def test_a_secret_without_its_padding(missing: int) -> None:
    secret = {1: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", 2: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwBr"}[
        missing
    ]
    key = base64.b64decode(secret + "=" * missing)
    code = hmac.new(key, f"{IDENTITY}.{MOMENT}.".encode() + BODY, hashlib.sha256).digest()
    headers = vector(f"v1,{base64.b64encode(code).decode()}")
    verify(headers, secret)
    verify(headers, f"whsec_{secret}")
