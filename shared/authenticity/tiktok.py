"""TikTok's webhooks: `TikTok-Signature: t=<seconds since the epoch>,s=<hexadecimal>`.

Source: https://developers.tiktok.com/doc/webhooks-verification. The signature is the HMAC-SHA256,
under the client secret, of the timestamp, a full stop and the body as it was sent. Which distance
of the timestamp is tolerable is left to the receiver.
"""

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
from shared.events.model import Source

HEADER = "tiktok-signature"

_PARTS = 2


class TiktokSignature:
    """Verifies with client secrets, separated by commas. Raises ValueError.

    `tolerance` is in seconds.
    """

    header = HEADER
    sources: frozenset[Source] = frozenset(("tiktok",))

    def __init__(self, secrets: str, tolerance: float, clock: Clock = time.time) -> None:
        self._keys = [key.encode() for key in read_secrets("TIKTOK_CLIENT_SECRETS", secrets)]
        self._tolerance = tolerance
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if timestamp and body are signed with one of the secrets. Raises Problem."""
        timestamp, signature = _parts(headers.get(HEADER, ""))
        head = f"{timestamp}.".encode()
        wanted = [digest(key, head, body).hex().encode() for key in self._keys]
        if not any_equal(signature.encode(), wanted):
            raise refused(f"{HEADER} is not the timestamp's and the body's.")
        check_age(timestamp, self._tolerance, self._clock)


def _parts(header: str) -> tuple[str, str]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    parts = {name: value for name, _, value in pairs}
    if len(pairs) != _PARTS or parts.keys() != {"t", "s"}:
        raise refused(f"{HEADER} has to be t=<seconds>,s=<signature>.")
    return parts["t"], parts["s"]
