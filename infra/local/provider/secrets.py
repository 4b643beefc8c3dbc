"""The routes of secrets: their names go out, their values only come in.

Source: github.com/openfaas/faas-provider, types/secret.go; github.com/openfaas/faas-cli,
proxy/secret.go, which takes 200 and 202 for a change, and 409 for a secret that exists.
"""

import base64

import msgspec

from infra.local.deployment import SecretName
from infra.local.provider.calls import Call, check_namespace
from infra.local.provider.status import NAMESPACE
from infra.local.secrets import SECRET_LIMIT, Secrets
from shared.errors import Problem

# A value comes twice, as text and in base64, and JSON escapes a byte by six characters at worst.
_BODY_LIMIT = 8 * SECRET_LIMIT


class _Secret(msgspec.Struct, rename="camel"):
    name: SecretName
    namespace: str = ""
    value: str = ""
    raw_value: str | None = None

    def content(self) -> bytes:
        """Return the bytes to store: `rawValue` where there is one, as OpenFaaS prefers it."""
        if not self.raw_value:
            return self.value.encode()
        try:
            return base64.b64decode(self.raw_value, validate=True)
        except ValueError as error:
            raise Problem("invalid_parameter", f"rawValue is not base64: {error}.") from error


class SecretRoutes:
    """Answers for one store of secrets."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets

    async def names(self, call: Call) -> None:
        """GET: names only."""
        call.answer([{"name": name, "namespace": NAMESPACE} for name in self._secrets.names()])

    async def create(self, call: Call) -> None:
        """POST."""
        secret = await _read(call)
        self._secrets.create(secret.name, secret.content())
        call.accept()

    async def update(self, call: Call) -> None:
        """PUT."""
        secret = await _read(call)
        self._secrets.update(secret.name, secret.content())
        call.accept()

    async def remove(self, call: Call) -> None:
        """DELETE."""
        self._secrets.remove((await _read(call)).name)
        call.accept()


async def _read(call: Call) -> _Secret:
    secret = await call.document(_Secret, _BODY_LIMIT)
    check_namespace(secret.namespace)
    return secret
