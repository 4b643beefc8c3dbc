"""How callers prove who they are, as the OpenAPI document tells it.

Each requirement stands beside an empty one: whether a deployment asks at all is its setting AUTH.
"""

from collections.abc import Iterable
from typing import Any

from shared.authenticity import facebook, standard_webhooks, tiktok
from shared.openapi.operations import Api, Operation

_KEYS: dict[str, dict[str, Any]] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key (hks_…), or a JWT of the identity provider.",
    },
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key."},
}
_SIGNATURES: dict[str, dict[str, Any]] = {
    "facebook": {
        "type": "apiKey",
        "in": "header",
        "name": facebook.HEADER,
        "description": "sha256= and the HMAC-SHA256 of the body under the app secret.",
    },
    "tiktok": {
        "type": "apiKey",
        "in": "header",
        "name": tiktok.HEADER,
        "description": "t=<seconds>,s=<HMAC-SHA256 of t, a full stop and the body>.",
    },
    "standardWebhooks": {
        "type": "apiKey",
        "in": "header",
        "name": standard_webhooks.HEADER,
        "description": "With webhook-id and webhook-timestamp (standardwebhooks.com).",
    },
}


def security_schemes(apis: Iterable[Api]) -> dict[str, Any]:
    """Return the schemes that the operations of functions refer to."""
    operations = [operation for api in apis for operation in api.operations]
    schemes = _KEYS if any(operation.scope for operation in operations) else {}
    signed = any(operation.signed for operation in operations)
    return {**schemes, **(_SIGNATURES if signed else {})}


def security(operation: Operation) -> dict[str, Any]:
    """Return the members of an operation that say who may call it."""
    if not operation.scope:
        return {}
    names = (*_KEYS, *(_SIGNATURES if operation.signed else ()))
    return {"security": [{}, *({name: []} for name in names)], "x-scope": operation.scope}


def refusals(operation: Operation) -> tuple[str, ...]:
    """Return the problems of callers who may not."""
    if not operation.scope:
        return ()
    return ("invalid_credentials", "forbidden", "rate_limited", "keys_unavailable")
