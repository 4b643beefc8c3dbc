"""Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature`.

Source: https://github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md,
"Signature scheme" and "Webhook headers". The signature `v1` is the HMAC-SHA256 of id, timestamp
and body as it was sent, joined by full stops, in base64. The header is a list, separated by
spaces, of which one has to hold; asymmetric ones (`v1a`) are passed over. A secret is base64,
with or without the prefix `whsec_` and its padding; the libraries tolerate 5 minutes.
"""

import base64
import binascii
import re
import time
from collections.abc import Mapping

from shared.authenticity.scheme import (
    Clock,
    any_equal,
    check_age,
    digest,
    read_secrets,
    refused,
)
from shared.events.model import SOURCES, Source

HEADER = "webhook-signature"

_ID = "webhook-id"
_TIMESTAMP = "webhook-timestamp"
_PREFIX = "whsec_"
_VERSION = "v1,"
_ID_FORM = re.compile(r"[!-~]{1,256}\Z")
_MOST_SIGNATURES = 16


class StandardWebhooksSignature:
    """Verifies with secrets, separated by commas. Raises ValueError. `tolerance` is in seconds."""

    header = HEADER
    sources: frozenset[Source] = frozenset(SOURCES)

    def __init__(self, secrets: str, tolerance: float, clock: Clock = time.time) -> None:
        self._keys = [_key(secret) for secret in read_secrets("WEBHOOK_SECRETS", secrets)]
        self._tolerance = tolerance
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if id, timestamp and body are signed with one of the secrets. Raises Problem."""
        identity, timestamp = headers.get(_ID, ""), headers.get(_TIMESTAMP, "")
        if not _ID_FORM.match(identity):
            raise refused(f"{_ID} is missing.")
        check_age(timestamp, self._tolerance, self._clock)
        head = f"{identity}.{timestamp}.".encode()
        wanted = [base64.b64encode(digest(key, head, body)) for key in self._keys]
        signatures = headers.get(HEADER, "").split(" ", _MOST_SIGNATURES)[:_MOST_SIGNATURES]
        given = [text[len(_VERSION) :] for text in signatures if text.startswith(_VERSION)]
        if not any([any_equal(text.encode(), wanted) for text in given]):  # noqa: C419 - each takes its time
            raise refused(f"{HEADER} holds no signature of this id, timestamp and body.")


def _key(secret: str) -> bytes:
    text = secret.removeprefix(_PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise ValueError("setting WEBHOOK_SECRETS: a secret is not base64") from None
    if not key:
        raise ValueError("setting WEBHOOK_SECRETS: a secret is empty")
    return key
