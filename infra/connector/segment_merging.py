"""Merges small segments: a trickle of events leaves one for each of its transactions.

What has 2,048 events stays as it is. Smaller ones are merged when there are 64 of about a size, and
then are of the next size at least: no event is written more often than there are sizes.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final

from shared.errors import Problem
from shared.events.model import SOURCES, Source
from shared.segments.changing import concatenate
from shared.segments.columns import Values
from shared.segments.encoding import Segment, encode
from shared.store.pool import Database
from shared.store.queries import query
from shared.store.segments import locked_segments, store_segment
from shared.telemetry import fields

INTERVAL = 15.0
ENOUGH: Final = 64
"""Segments of a size that are merged."""

MOST: Final = 8_192
"""Events of a merged segment."""

SIZES: Final = ((1, 32), (32, 2_048))
"""At least and less than so many events; 64 of a size make one of the next."""

logger = logging.getLogger(__name__)


class SegmentMerger:
    """Merges segments of the same source, oldest first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Merge until cancelled; a database that is away or busy is tried again."""
        while True:
            try:
                await self.merge()
            except Problem as problem:
                logger.warning("segments not merged", extra=fields(error=str(problem)))
            await asyncio.sleep(INTERVAL)

    async def merge(self) -> None:
        """Merge what there is to merge. Raises Problem.

        Several may do so at once, and while segments are written and changed: what somebody else
        has taken is left to the next time.
        """
        for source in SOURCES:
            for size in SIZES:
                merged = 0
                while number := await self._merge(source, size):
                    merged += number
                if merged:
                    done = {"source": source, "segments": merged}
                    logger.info("segments merged", extra=fields(**done))

    async def _merge(self, source: Source, size: tuple[int, int]) -> int:
        """Make one segment of several and return how many; 0 if there is no need or no way."""
        least, less = size
        wanted = {"source": source, "least": least, "less": less}
        async with self._database.transaction() as connection, connection.cursor() as cursor:
            await cursor.execute(query("segments_mergeable"), wanted)
            small = await cursor.fetchall()
            if len(small) < ENOUGH:
                return 0
            chosen = _oldest(small)
            found = await locked_segments(cursor, chosen, waiting=False)
            if len(found) < len(chosen):
                return 0
            merged = await asyncio.to_thread(_merged, [values for _, values in found])
            await store_segment(cursor, source, merged)
            await cursor.execute(query("segments_delete"), {"ids": chosen})
            return len(chosen)


def _merged(parts: Sequence[Mapping[str, Values]]) -> Segment:
    return encode(concatenate(parts))


def _oldest(small: Sequence[tuple[int, int]]) -> list[int]:
    """Return the numbers of the first segments that have as many events as one may have."""
    so_far = accumulate(events for _, events in small)
    return [number for (number, _), events in zip(small, so_far, strict=True) if events <= MOST]
