"""Asks report handlers as an HTTP server would, in an event loop of the test's own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from urllib.parse import urlencode

import msgspec
from databases import login
from integration.reports.naive import Wanted

from shared.errors import Problem
from shared.reports.demographics import DEMOGRAPHICS
from shared.reports.events import EVENTS
from shared.reports.funnel import FUNNEL
from shared.reports.handler import ReportHandler
from shared.reports.revenue import REVENUE
from shared.requests import Request, Response
from shared.settings import Settings

_NAMES = {
    "start": "from",
    "end": "to",
    "source": "source",
    "funnel_stage": "funnelStage",
    "event_type": "eventType",
    "campaign_id": "campaignId",
    "country": "country",
    "group_by": "groupBy",
    "interval": "interval",
    "timezone": "timezone",
}


def query_string(wanted: Wanted, **more: str | int) -> str:
    """Write the parameters as a caller does."""
    pairs: list[tuple[str, str | int]] = list(more.items())
    for field, name in _NAMES.items():
        value = getattr(wanted, field)
        if field == "timezone" and wanted.interval is None:
            continue
        if isinstance(value, tuple):
            pairs.extend((name, text) for text in value)
        elif value is not None:
            pairs.append((name, value if isinstance(value, str) else value.isoformat()))
    return urlencode(pairs)


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""


class Reports:
    """The reports over one database."""

    def __init__(self, chosen: Settings) -> None:
        self._runner = asyncio.Runner()
        self._handlers = {
            report.name: ReportHandler(report, chosen)
            for report in (EVENTS, REVENUE, DEMOGRAPHICS, FUNNEL)
        }

    @classmethod
    @contextmanager
    def over(cls, database_url: str, **changes: object) -> "Iterator[Reports]":
        """Open the reports for the block, as the login that reads the owner's database."""
        chosen = Settings(database_url=login(database_url, "reader"))
        reports = cls(msgspec.structs.replace(chosen, **changes))
        with reports._runner:
            reports._run(*(handler.open() for handler in reports._handlers.values()))
            try:
                yield reports
            finally:
                reports._run(*(handler.close() for handler in reports._handlers.values()))

    def _run(self, *calls: Awaitable[Any]) -> list[Any]:
        async def together() -> list[Any]:
            # What goes on after the first failure would keep its snapshot, and tables locked.
            done = await asyncio.gather(*calls, return_exceptions=True)
            for failure in done:
                if isinstance(failure, BaseException):
                    raise failure
            return done

        return self._runner.run(together())

    def ask(self, name: str, query: str = "", method: str = "GET") -> dict[str, Any]:
        """Return one report. Raises Problem."""
        [answer] = self.ask_all([(name, query)], method)
        return answer

    def ask_all(
        self, questions: Sequence[tuple[str, str]], method: str = "GET"
    ) -> list[dict[str, Any]]:
        """Return several reports, asked at once. Raises Problem."""
        return self._run(*(self._ask(name, query, method) for name, query in questions))

    async def _ask(self, name: str, query: str, method: str) -> dict[str, Any]:
        response = await self._respond(name, query, {}, method)
        assert response.status == 200
        return msgspec.json.decode(response.body)  # type: ignore[no-any-return]

    async def _respond(
        self, name: str, query: str, headers: dict[str, str], method: str = "GET"
    ) -> Response:
        request = Request(method, "/", query, headers, _nothing, "test")
        return await self._handlers[name].handle(request)

    def respond(self, name: str, query: str, headers: dict[str, str] | None = None) -> Response:
        """Return a whole answer. Raises Problem."""
        [response] = self._run(self._respond(name, query, headers or {}))
        return response  # type: ignore[no-any-return]

    def refused(
        self,
        name: str,
        query: str = "",
        headers: dict[str, str] | None = None,
        *,
        method: str = "GET",
    ) -> Problem:
        """Return the problem that a question ends with."""
        try:
            self._run(self._respond(name, query, headers or {}, method))
        except Problem as problem:
            return problem
        raise AssertionError(f"{name}?{query} was answered")

    def streamed(
        self, name: str, query: str, *, after_first: Callable[[], None] = lambda: None
    ) -> bytes:
        """Return the whole body of a streamed answer; do something after its first part."""
        return b"".join(self.parts(name, query, after_first=after_first))

    def parts(
        self, name: str, query: str, *, after_first: Callable[[], None] = lambda: None
    ) -> list[bytes]:
        """Return the parts of a streamed answer."""

        async def read() -> list[bytes]:
            response = await self._respond(name, query, {})
            assert response.stream is not None
            found: list[bytes] = []
            async with aclosing(response.stream) as stream:
                async for part in stream:
                    if not found:
                        after_first()
                    found.append(part)
            return found

        [found] = self._run(read())
        return found  # type: ignore[no-any-return]

    def respond_and_drop(self, name: str, query: str) -> None:
        """Ask for a streamed answer and read nothing of it."""

        async def drop() -> None:
            response = await self._respond(name, query, {})
            assert response.stream is not None
            await response.stream.aclose()

        self._run(drop())

    def status(self, name: str, query: str, headers: dict[str, str]) -> int:
        """Return the status of an answer, read to its end. Raises Problem."""

        async def read() -> int:
            response = await self._respond(name, query, headers)
            if response.stream is not None:
                async with aclosing(response.stream) as stream:
                    async for _ in stream:
                        pass
            return response.status

        [status] = self._run(read())
        return int(status)

    def crowd(
        self, many: Sequence[tuple[str, str]], one: tuple[str, str]
    ) -> tuple[list[str], dict[str, Any]]:
        """Ask many questions that are refused, and one beside them; return codes and answer."""

        async def code(name: str, query: str) -> str:
            try:
                await self._respond(name, query, {})
            except Problem as problem:
                return problem.kind.code
            return "answered"

        async def all_together() -> tuple[list[str], dict[str, Any]]:
            crowd = [asyncio.create_task(code(*question)) for question in many]
            await asyncio.sleep(0.05)
            answer = await self._ask(*one, "GET")
            return [await task for task in crowd], answer

        [found] = self._run(all_together())
        return found  # type: ignore[no-any-return]
