"""Who may send events: the proof that a request has to bring.

Each scheme for which there are secrets is known by its header. As soon as one is configured, a
request without a proof is refused.
"""

import asyncio
from collections.abc import Mapping, Sequence

from shared.authenticity.facebook import FacebookSignature
from shared.authenticity.scheme import Scheme
from shared.authenticity.standard_webhooks import StandardWebhooksSignature
from shared.authenticity.tiktok import TiktokSignature
from shared.errors import Problem
from shared.settings import MIB, Settings

_LARGE = MIB // 4
"""Bytes from which on a body is verified beside the event loop: about a millisecond's work."""


class Gate:
    """Finds the scheme of a request, by its head alone, and verifies its body."""

    def __init__(self, schemes: Sequence[Scheme]) -> None:
        self._schemes = {scheme.header: scheme for scheme in schemes}

    def scheme(self, headers: Mapping[str, str]) -> Scheme:
        """Return the scheme by which a request is signed. Raises Problem invalid_signature."""
        found = [scheme for header, scheme in self._schemes.items() if header in headers]
        if len(found) == 1:
            return found[0]
        known = ", ".join(self._schemes)
        detail = f"Sign the request by one of these headers: {known}."
        raise Problem("invalid_signature", detail, allowed=list(self._schemes))


async def verify(scheme: Scheme, headers: Mapping[str, str], body: bytes) -> None:
    """Return if a request is genuine. Raises Problem invalid_signature."""
    if len(body) < _LARGE:
        scheme.verify(headers, body)
    else:
        await asyncio.to_thread(scheme.verify, headers, body)


def gate(chosen: Settings) -> Gate | None:
    """Return the gate of the settings, None if anybody may send. Raises ValueError."""
    tolerance = chosen.signature_tolerance
    schemes: list[Scheme] = []
    if chosen.facebook_app_secrets:
        schemes.append(FacebookSignature(chosen.facebook_app_secrets))
    if chosen.tiktok_client_secrets:
        schemes.append(TiktokSignature(chosen.tiktok_client_secrets, tolerance))
    if chosen.webhook_secrets:
        schemes.append(StandardWebhooksSignature(chosen.webhook_secrets, tolerance))
    return Gate(schemes) if schemes else None
