"""Reads segments from the database into chunks."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np

from shared.reports.facts.chunks import TIME, Chunk, new_chunk
from shared.reports.facts.columns import Dictionaries, Reader
from shared.segments.columns import COLUMNS
from shared.store.pool import Connection
from shared.store.queries import query

_FETCH_EVENTS = 1 << 18
"""Events of the segments that are fetched at once."""

_READ = tuple(name for name in COLUMNS if not name.startswith("stream_"))
"""In the order of schema/queries/segments_columns.sql."""

_Row = tuple[object, ...]
_Result = TypeVar("_Result")


async def load_chunk(
    connection: Connection,
    source: str,
    segments: Sequence[tuple[int, int]],
    names: Iterable[str],
    dictionaries: Dictionaries,
) -> Chunk:
    """Return segments, given by id and number of events, with some columns and their times."""
    wanted = tuple({TIME, *names})
    reader = await _read(connection, source, segments, wanted, dictionaries)
    ids = [key for key, _ in segments]
    sizes = np.array([events for _, events in segments])
    return await in_thread(lambda: new_chunk(ids, sizes, dict(reader.columns())))


async def add_columns(
    connection: Connection,
    source: str,
    chunk: Chunk,
    names: Iterable[str],
    dictionaries: Dictionaries,
) -> Chunk:
    """Return a chunk with more of its segments' columns."""
    segments = list(zip(chunk.ids, chunk.sizes.tolist(), strict=True))
    reader = await _read(connection, source, segments, tuple(names), dictionaries)
    return await in_thread(lambda: chunk.adding(dict(reader.columns())))


async def _read(
    connection: Connection,
    source: str,
    segments: Sequence[tuple[int, int]],
    names: Sequence[str],
    dictionaries: Dictionaries,
) -> Reader:
    reader = Reader(source, names, dictionaries)
    decoding: asyncio.Future[None] | None = None
    for batch in _batches(segments):
        values = {"columns": list(names), "ids": [key for key, _ in batch]}
        cursor = connection.cursor(binary=True)
        await cursor.execute(query("segments_columns"), values)
        rows = {row[0]: row for row in await cursor.fetchall()}

        def decode(batch: Sequence[tuple[int, int]] = batch, rows: dict[int, _Row] = rows) -> None:
            for key, events in batch:
                contents = dict(zip(_READ, rows[key][1:], strict=True))
                reader.add(events, contents)  # type: ignore[arg-type]  # bytes

        if decoding:
            await decoding
        decoding = asyncio.ensure_future(in_thread(decode))
    if decoding:
        await decoding
    return reader


def _batches(segments: Sequence[tuple[int, int]]) -> Iterator[list[tuple[int, int]]]:
    rest = iter(segments)
    while batch := list(islice(rest, 1)):
        events = batch[0][1]
        for segment in rest:
            batch.append(segment)
            events += segment[1]
            if events >= _FETCH_EVENTS:
                break
        yield batch


async def in_thread(work: Callable[[], _Result]) -> _Result:
    """Return what work in a thread comes to; a caller that is cancelled waits for its end first."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
