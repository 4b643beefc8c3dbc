"""Signs requests as the providers do."""

import base64
import hashlib
import hmac
import time

FACEBOOK_SECRET = "4f1c7a90d3b2"  # noqa: S105 - of tests
TIKTOK_SECRET = "tt-client-secret"  # noqa: S105 - likewise
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - likewise


def _mac(secret: bytes, *parts: bytes) -> bytes:
    return hmac.new(secret, b"".join(parts), hashlib.sha256).digest()


def facebook_signed(body: bytes, secret: str = FACEBOOK_SECRET) -> dict[str, str]:
    """Return the headers of a notification of Facebook's."""
    return {"x-hub-signature-256": f"sha256={_mac(secret.encode(), body).hex()}"}


def tiktok_signed(body: bytes, secret: str = TIKTOK_SECRET, age: int = 0) -> dict[str, str]:
    """Return the headers of an event of TikTok's, sent `age` seconds ago."""
    moment = str(int(time.time()) - age)
    code = _mac(secret.encode(), f"{moment}.".encode(), body).hex()
    return {"tiktok-signature": f"t={moment},s={code}"}


def standard_signed(body: bytes, secret: str = WEBHOOK_SECRET, age: int = 0) -> dict[str, str]:
    """Return the headers of Standard Webhooks for a body sent `age` seconds ago."""
    moment = str(int(time.time()) - age)
    key = base64.b64decode(secret.removeprefix("whsec_"))
    code = base64.b64encode(_mac(key, f"msg_1.{moment}.".encode(), body)).decode()
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{code}",
    }
