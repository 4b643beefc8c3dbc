"""The routes below `/system`, as faas-cli and an OpenFaaS gateway call them.

Source: github.com/openfaas/faas-provider, serve.go; which answers are accepted stands in
github.com/openfaas/faas-cli, proxy/*.go.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from http import HTTPStatus
from typing import Annotated

import msgspec
from msgspec import Meta

from infra.local.control import DEPLOYMENT_LIMIT
from infra.local.deployment import Deployment
from infra.local.pool import Pool
from infra.local.provider.auth import Guard
from infra.local.provider.calls import Call, check_namespace
from infra.local.provider.logs import FunctionLog, LogQuery
from infra.local.provider.secrets import SecretRoutes
from infra.local.provider.status import NAMESPACE, function_status, gateway_info, usage
from infra.local.provider.supervision import Supervision
from infra.local.secrets import Secrets
from infra.local.state import StateDir
from shared.errors import Problem
from shared.http.exchange import Exchange

_LINES = [(b"content-type", b"application/x-ndjson")]
_MOST_FOLLOWERS = 32

_encoder = msgspec.json.Encoder()


class _Scaling(msgspec.Struct, rename="camel"):
    """ScaleServiceRequest (faas-provider, types/requests.go)."""

    replicas: Annotated[int, Meta(ge=0)]
    namespace: str = ""


class _Removal(msgspec.Struct, rename="camel"):
    """DeleteFunctionRequest (faas-provider, types/requests.go)."""

    function_name: str
    namespace: str = ""


Handler = Callable[[Call], Awaitable[None]]


class Provider:
    """Answers for the functions in `pools`.

    `earlier` has the invocations before this process began, by function.
    """

    def __init__(
        self,
        pools: Mapping[str, Pool],
        earlier: Mapping[str, int],
        supervision: Supervision,
        state: StateDir,
        guard: Guard,
    ) -> None:
        self._guard = guard
        self._pools = pools
        self._earlier = earlier
        self._supervision = supervision
        self._logs = state.logs
        self._following = 0
        self._stop = asyncio.Event()
        secrets = SecretRoutes(Secrets(state.secrets))
        self._routes: dict[str, dict[str, Handler]] = {
            "functions": {
                "GET": self._list,
                "POST": self._create,
                "PUT": self._update,
                "DELETE": self._remove,
            },
            "function": {"GET": self._describe},
            "scale-function": {"POST": self._scale},
            "secrets": {
                "GET": secrets.names,
                "POST": secrets.create,
                "PUT": secrets.update,
                "DELETE": secrets.remove,
            },
            "logs": {"GET": self._log},
            "info": {"GET": self._info},
            "namespaces": {"GET": self._namespaces},
        }

    async def answer(self, exchange: Exchange) -> None:
        """Answer a request. Raises Problem."""
        await self._guard.admit(exchange.get)
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

    async def _create(self, call: Call) -> None:
        await self._deploy(call, new=True)

    async def _update(self, call: Call) -> None:
        await self._deploy(call, new=False)

    async def _deploy(self, call: Call, *, new: bool) -> None:
        deployment = await call.document(Deployment, DEPLOYMENT_LIMIT)
        check_namespace(deployment.namespace)
        await self._supervision.deploy(deployment, new=new)
        call.accept()

    async def _remove(self, call: Call) -> None:
        removal = await call.document(_Removal, DEPLOYMENT_LIMIT)
        check_namespace(removal.namespace)
        await self._supervision.remove(removal.function_name)
        call.accept()

    async def _scale(self, call: Call) -> None:
        request = await call.document(_Scaling, DEPLOYMENT_LIMIT)
        check_namespace(request.namespace)
        self._pool(call.name).resize(request.replicas)
        call.accept()

    async def _log(self, call: Call) -> None:
        query = LogQuery.of(call.query)
        name = self._pool(query.name).spec.name
        if self._following >= _MOST_FOLLOWERS:
            detail = f"{_MOST_FOLLOWERS} logs are being read already."
            raise Problem("too_many_requests", detail, retry_after=5)
        self._following += 1
        try:
            await self._send_log(call.exchange, FunctionLog(self._logs / f"{name}.log", query))
        finally:
            self._following -= 1

    async def _send_log(self, exchange: Exchange, log: FunctionLog) -> None:
        exchange.start(HTTPStatus.OK, _LINES)
        await exchange.write(b"")  # the head, for whoever waits for the first line
        async with aclosing(log.messages(self._stop)) as parts:
            async for messages in parts:
                if messages:
                    await exchange.write(_encoder.encode_lines(messages))
        await exchange.end()

    def stop(self) -> None:
        """End the logs that are being followed."""
        self._stop.set()

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
