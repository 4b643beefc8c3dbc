"""The routes below `/system`, as faas-cli and an OpenFaaS gateway call them.

Source: github.com/openfaas/faas-provider, serve.go; which answers are accepted stands in
github.com/openfaas/faas-cli, proxy/*.go.
"""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec

from infra.local.pool import Pool
from infra.local.provider.status import NAMESPACE, function_status, gateway_info, usage
from shared.errors import Problem
from shared.http.exchange import Exchange

_JSON = [(b"content-type", b"application/json")]


class Call:
    """One request to the API: the parts of its path below `/system`, its query, the rest."""

    def __init__(self, exchange: Exchange) -> None:
        split = urlsplit(exchange.target.decode("latin-1"))
        self.exchange = exchange
        self.area, _, name = split.path.removeprefix("/system/").partition("/")
        self.name = unquote(name)
        # Go takes the first of several values; one is what faas-cli sends.
        self.query = dict(reversed(parse_qsl(split.query)))

    def answer(self, document: object, status: int = HTTPStatus.OK) -> None:
        """Answer with JSON."""
        self.exchange.respond(status, _JSON, msgspec.json.encode(document))


Handler = Callable[[Call], Awaitable[None]]


class Provider:
    """Answers for the functions in `pools`.

    `earlier` has the invocations before this process began, by function.
    """

    def __init__(self, pools: Mapping[str, Pool], earlier: Mapping[str, int]) -> None:
        self._pools = pools
        self._earlier = earlier
        self._routes: dict[str, dict[str, Handler]] = {
            "functions": {"GET": self._list},
            "function": {"GET": self._describe},
            "info": {"GET": self._info},
            "namespaces": {"GET": self._namespaces},
        }

    async def answer(self, exchange: Exchange) -> None:
        """Answer a request. Raises Problem."""
        call = Call(exchange)
        methods = self._routes.get(call.area)
        if methods is None:
            known = ", ".join(f"/system/{area}" for area in sorted(self._routes))
            raise Problem("not_found", f"The provider API has {known}.")
        handler = methods.get(exchange.method)
        if handler is None:
            allowed = ", ".join(sorted(methods))
            raise Problem("method_not_allowed", f"Allowed are: {allowed}.", allow=allowed)
        check_namespace(call.query.get("namespace", ""))
        await handler(call)

    async def _list(self, call: Call) -> None:
        call.answer([self._status(pool) for _, pool in sorted(self._pools.items())])

    async def _describe(self, call: Call) -> None:
        pool = self._pool(call.name)
        document = self._status(pool)
        if call.query.get("usage") == "1":
            document["usage"] = usage(pool.processes)
        call.answer(document)

    def _pool(self, name: str) -> Pool:
        function, _, namespace = name.partition(".")
        check_namespace(namespace)
        pool = self._pools.get(function)
        if pool is None:
            raise Problem("not_found", f"There is no function {function!r}.")
        return pool

    def _status(self, pool: Pool) -> dict[str, object]:
        earlier = self._earlier.get(pool.spec.name, 0)
        return function_status(pool, earlier + pool.answered)

    async def _info(self, call: Call) -> None:
        call.answer(gateway_info())

    async def _namespaces(self, call: Call) -> None:
        call.answer([NAMESPACE])


def check_namespace(given: str) -> None:
    """Accept the one namespace that there is, or none. Raises Problem invalid_parameter."""
    if given not in {"", NAMESPACE}:
        raise Problem("invalid_parameter", f"The only namespace is {NAMESPACE}.")
