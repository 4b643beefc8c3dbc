"""Who may send events: the proof that a request has to bring.

It is an API key or token, known before the body is read, or a signature of it. Each scheme for
which there are secrets is known by its header. As soon as one is configured, or keys are asked
for, a request without a proof is refused.
"""

import asyncio
from collections.abc import Collection, Mapping

from shared.access.guard import Guard
from shared.access.scopes import Admission, Asked
from shared.authenticity.facebook import FacebookSignature
from shared.authenticity.scheme import Scheme
from shared.authenticity.standard_webhooks import StandardWebhooksSignature
from shared.authenticity.tiktok import TiktokSignature
from shared.errors import Problem
from shared.events.model import SOURCES, Source
from shared.settings import MIB, Settings
from shared.stream.broker import EventBroker

_LARGE = MIB // 4
"""Bytes from which on a body is verified beside the event loop: about a millisecond's work."""


class Gate:
    """The schemes of the settings. Raises ValueError."""

    def __init__(self, chosen: Settings) -> None:
        tolerance = chosen.signature_tolerance
        schemes: list[Scheme] = []
        if chosen.facebook_app_secrets:
            schemes.append(FacebookSignature(chosen.facebook_app_secrets))
        if chosen.tiktok_client_secrets:
            schemes.append(TiktokSignature(chosen.tiktok_client_secrets, tolerance))
        if chosen.webhook_secrets:
            schemes.append(StandardWebhooksSignature(chosen.webhook_secrets, tolerance))
        self._schemes = {scheme.header: scheme for scheme in schemes}

    @property
    def open(self) -> bool:
        """Say whether no scheme is configured."""
        return not self._schemes

    def scheme(self, headers: Mapping[str, str]) -> Scheme | None:
        """Return the scheme by which a request is signed, None if it is not signed.

        Raises Problem invalid_signature if it is signed by more than one.
        """
        if not self._schemes:
            return None
        found = [scheme for header, scheme in self._schemes.items() if header in headers]
        if len(found) > 1:
            raise Problem("invalid_signature", "Sign the request by one scheme only.")
        return found[0] if found else None

    def refusal(self) -> Problem:
        """Return the problem of a request without any proof."""
        known = list(self._schemes)
        detail = f"Send an API key, or sign the request: {', '.join(known)}."
        return Problem("invalid_signature", detail, allowed=known)


class GateAdmission:
    """Leaves signed requests to be verified with their bodies, and asks the others for a key.

    A GET has its own proof, the token of a verification request.
    """

    def __init__(self, gate: Gate, keys: Admission) -> None:
        self._gate = gate
        self._keys = keys

    async def admit(self, request: Asked) -> str:
        """See Admission."""
        if request.method == "GET" or self._gate.scheme(request.headers):
            return ""
        if not self._gate.open and not {"authorization", "x-api-key"} & request.headers.keys():
            raise self._gate.refusal()
        return await self._keys.admit(request)


def admission(
    gate: Gate, broker: EventBroker, chosen: Settings, *, unasked: bool
) -> Admission | None:
    """Return who lets requests in, None if there is nothing to prove."""
    if unasked and gate.open:
        return None
    return GateAdmission(gate, Guard(broker.keys, chosen, lambda _: "ingest"))


async def verify(scheme: Scheme | None, headers: Mapping[str, str], body: bytes) -> None:
    """Return if a request is genuine. Raises Problem invalid_signature."""
    if scheme is None:
        return
    if len(body) < _LARGE:
        scheme.verify(headers, body)
    else:
        await asyncio.to_thread(scheme.verify, headers, body)


def sources_of(scheme: Scheme | None) -> Collection[Source]:
    """Return the sources whose events a request may bring."""
    return SOURCES if scheme is None else scheme.sources
