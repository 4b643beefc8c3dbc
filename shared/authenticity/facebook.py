"""Facebook's webhooks: the signature of a notification, and the handshake of a subscription.

Source: https://developers.facebook.com/docs/graph-api/webhooks/getting-started, "Validating
Payloads" and "Verification Requests". The signature is `sha256=` and the lower-case hexadecimal
HMAC-SHA256, under the app secret, of the body as it was sent. Facebook escapes what is not ASCII
in the body that it sends; decoding and encoding it again would make other bytes. There is no
timestamp, so a request can be replayed; its events count once all the same.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from shared.authenticity.scheme import any_equal, digest, read_secrets, refused
from shared.errors import Problem
from shared.events.model import Source

HEADER = "x-hub-signature-256"

_PREFIX = "sha256="
_CHALLENGE = re.compile(r"[A-Za-z0-9_.-]{1,256}\Z")
_MOST_FIELDS = 16


class FacebookSignature:
    """Verifies with app secrets, separated by commas. Raises ValueError."""

    header = HEADER
    sources: frozenset[Source] = frozenset(("facebook",))

    def __init__(self, secrets: str) -> None:
        self._keys = [key.encode() for key in read_secrets("FACEBOOK_APP_SECRETS", secrets)]

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Return if the body is signed with one of the secrets. Raises Problem."""
        given = headers.get(HEADER, "")
        if not given.startswith(_PREFIX):
            raise refused(f"{HEADER} has to begin with {_PREFIX}.")
        wanted = [digest(key, body).hex().encode() for key in self._keys]
        if not any_equal(given[len(_PREFIX) :].encode(), wanted):
            raise refused(f"{HEADER} is not the body's.")


def answer_challenge(query: str, token: str) -> str:
    """Return what a verification request wants to hear. Raises Problem.

    `token` is the one that was entered in the app's dashboard; without one, nobody is answered.
    """
    try:
        given = parse_qs(query, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Problem("invalid_parameter", "The query string cannot be read.") from None
    mode, sent, challenge = (
        given.get(f"hub.{name}", [""])[0] for name in ("mode", "verify_token", "challenge")
    )
    if not (token and any_equal(sent.encode(), [token.encode()])):
        raise Problem("forbidden", "hub.verify_token is not the one that is configured.")
    if mode != "subscribe" or not _CHALLENGE.match(challenge):
        raise Problem("invalid_parameter", "Send hub.mode=subscribe and hub.challenge.")
    return challenge
