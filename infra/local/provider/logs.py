"""The log of a function as lines with a time and a replica, from the start, the end, or followed.

Source: github.com/openfaas/faas-provider, logs/logs.go and handler.go: newline-delimited JSON. The
files are read in small blocks on the event loop, for a thread that decodes megabytes would hold
up the requests that are under way for longer at a time.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from infra.local.provider.status import NAMESPACE
from shared.errors import Problem
from shared.settings import KIB

_BLOCK = 64 * KIB
_LOOK = 0.2


class Message(msgspec.Struct):
    """logs.Message."""

    name: str
    namespace: str
    instance: str
    timestamp: datetime
    text: str


class _Head(msgspec.Struct):
    """What a line of ours says of itself (shared/telemetry.py)."""

    timestamp: datetime | None = None
    instance: str = ""


_decode = msgspec.json.Decoder(_Head).decode


@dataclass(frozen=True, slots=True)
class LogQuery:
    """logs.Request: `tail` of 0 or less is everything."""

    name: str
    instance: str = ""
    since: datetime | None = None
    tail: int = 0
    follow: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "LogQuery":
        """Read a query as faas-provider does (logs/handler.go). Raises Problem."""
        try:
            since = datetime.fromisoformat(query["since"]) if query.get("since") else None
            tail = int(query.get("tail") or 0)
        except ValueError as error:
            raise Problem("invalid_parameter", f"{error}.") from error
        if since is not None and since.tzinfo is None:
            raise Problem("invalid_parameter", "since has no offset from UTC.")
        follow = query.get("follow", "").lower() in {"1", "t", "true"}
        return cls(query.get("name", ""), query.get("instance", ""), since, tail, follow)


class FunctionLog:
    """One function's log: the file that is written, and the one set aside before it."""

    def __init__(self, path: Path, query: LogQuery) -> None:
        self._path = path
        self._query = query
        self._time = datetime.fromtimestamp(0, UTC)

    async def messages(self, stop: asyncio.Event) -> AsyncGenerator[list[Message], None]:
        """Yield what the query asks for in parts, until the end, or until `stop` is set."""
        with ExitStack() as closing:
            files = [closing.enter_context(path.open("rb")) for path in self._paths()]
            if files:
                self._time = datetime.fromtimestamp(self._path.stat().st_ctime, UTC)
            for position, file in _starts(files, self._query):
                file.seek(position)
            async for part in self._earlier(files):
                yield part
            if self._query.follow:
                current = await self._present(files, closing, stop)
                async for part in self._later(current, stop):
                    yield part

    def _paths(self) -> list[Path]:
        """Return the files that there are, the older first."""
        both = (self._path.with_name(self._path.name + ".1"), self._path)
        return [path for path in both if path.exists()]

    async def _present(
        self, files: Sequence[BinaryIO], closing: ExitStack, stop: asyncio.Event
    ) -> BinaryIO | None:
        """Return the file that is written, once there is one."""
        while not files and not stop.is_set():
            if self._path.exists():
                return closing.enter_context(self._path.open("rb"))
            await _pause(stop)
        return files[-1] if files else None

    async def _earlier(self, files: Sequence[BinaryIO]) -> AsyncGenerator[list[Message], None]:
        last: deque[Message] = deque(maxlen=max(0, self._query.tail))
        for file in files:
            for lines in _blocks(file, whole=not self._query.follow or file is not files[-1]):
                found = list(self._chosen(lines))
                if self._query.tail > 0:
                    last.extend(found)
                else:
                    yield found
                await asyncio.sleep(0)
        yield list(last)

    async def _later(
        self, file: BinaryIO | None, stop: asyncio.Event
    ) -> AsyncGenerator[list[Message], None]:
        while file is not None and not stop.is_set():
            # What is set aside leaves an empty file behind (programs.bound_log).
            if self._path.stat().st_size < file.tell():
                file.seek(0)
            for lines in _blocks(file, whole=False):
                yield list(self._chosen(lines))
            await _pause(stop)

    def _chosen(self, lines: list[bytes]) -> Iterator[Message]:
        query = self._query
        for line in lines:
            head = _head(line)
            if head.timestamp is not None:
                self._time = head.timestamp
            text = line.decode(errors="replace")
            if query.instance not in {"", head.instance}:
                continue
            if query.since is None or self._time >= query.since:
                yield Message(query.name, NAMESPACE, head.instance, self._time, text)


async def _pause(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), _LOOK)


def _head(line: bytes) -> _Head:
    """Return what a line says of itself; a line of another program says nothing."""
    try:
        head = _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _Head()
    if head.timestamp is not None and head.timestamp.tzinfo is None:
        head.timestamp = head.timestamp.replace(tzinfo=UTC)
    return head


def _starts(files: Sequence[BinaryIO], query: LogQuery) -> Iterator[tuple[int, BinaryIO]]:
    """Yield from where each file has to be read so that the last lines asked for are in it."""
    missing = query.tail if query.tail > 0 and not query.instance else None
    for file in reversed(files):
        if missing is None:
            yield 0, file
            continue
        start, found = _last_lines(file, missing)
        missing -= found
        yield start, file


def _last_lines(file: BinaryIO, wanted: int) -> tuple[int, int]:
    """Return a position with at least `wanted` lines after it, if there are, and their number."""
    end = position = file.seek(0, 2)
    found = 0
    while position > 0 and found <= wanted:
        position = max(0, position - _BLOCK)
        file.seek(position)
        found += file.read(min(_BLOCK, end - position)).count(b"\n")
        end = position
    return (position, min(found, wanted)) if wanted > 0 else (file.seek(0, 2), 0)


def _blocks(file: BinaryIO, *, whole: bool) -> Iterator[list[bytes]]:
    """Yield complete lines from the file's position on; the rest, too, if `whole`."""
    rest = b""
    while block := file.read(_BLOCK):
        *lines, rest = (rest + block).split(b"\n")
        yield [line for line in lines if line]
    if rest and whole:
        yield [rest]
    elif rest:
        file.seek(-len(rest), 1)
