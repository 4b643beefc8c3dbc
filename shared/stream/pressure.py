"""Says before EVENTS or its disk is full that there is no room, so that what is in flight fits.

The server itself refuses at the stream's hard limit (`max_bytes`). On a disk without space it
answers nothing at all, and its stream takes no more until it is started again, which the local
platform does; the reserve keeps it from coming to that.
"""

import asyncio
import logging
import shutil

from nats.errors import Error as NatsError

from shared.errors import Problem
from shared.metrics import Gauge
from shared.settings import Settings
from shared.stream.connection import Broker
from shared.stream.publishing import RETRY_AFTER_FULL
from shared.stream.topology import EVENTS
from shared.telemetry import fields

INTERVAL = 1.0
"""Seconds between two looks."""

RELIEF = 1.25
"""The free disk, over the reserve, from which there is room again."""

FILL = Gauge(
    "hookstream_stream_fill_ratio",
    "Bytes in EVENTS over the bytes that it may hold.",
    multiprocess_mode="livemostrecent",
)
DISK_FREE = Gauge(
    "hookstream_stream_disk_free_bytes",
    "Free bytes on the disk of EVENTS, where that is known.",
    multiprocess_mode="livemostrecent",
)
REFUSING = Gauge(
    "hookstream_stream_pressure",
    "1 while new events are refused for lack of room, else 0.",
    multiprocess_mode="livemostrecent",
)

logger = logging.getLogger(__name__)


class Pressure:
    """Looks at EVENTS and its disk every second while requests come, or while there is no room.

    What cannot be known, the broker being away, is no pressure.
    """

    def __init__(self, broker: Broker, chosen: Settings) -> None:
        self._broker = broker
        self._high = chosen.stream_high_watermark
        self._low = min(chosen.stream_low_watermark, self._high)
        self._disk = chosen.stream_disk
        self._reserve = chosen.stream_disk_reserve
        self._filled = False
        self._short = False
        self._asked = False
        self._looking: asyncio.Task[None] | None = None

    def admit(self) -> None:
        """Return if there is room for a new request. Raises Problem stream_full."""
        self._asked = True
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_while_needed())
        if self._filled:
            raise _full("The stream is nearly full.")
        if self._short:
            raise _full("The stream's disk is nearly full.")

    async def close(self) -> None:
        """Stop looking."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _look_while_needed(self) -> None:
        while self._asked or self._filled or self._short:
            self._asked = False
            before = self._filled, self._short
            self._short = self._is_short()
            self._filled = await self._is_filled()
            REFUSING.set(self._filled or self._short)
            if before != (self._filled, self._short):
                line = fields(streamFilled=self._filled, diskShort=self._short)
                logger.warning("room in the stream", extra=line)
            await asyncio.sleep(INTERVAL)

    async def _is_filled(self) -> bool:
        try:
            info = await self._broker.jetstream.stream_info(EVENTS)
        except (Problem, NatsError):
            return False
        most = info.config.max_bytes or -1
        fill = info.state.bytes / most if most > 0 else 0.0
        FILL.set(fill)
        return fill >= (self._low if self._filled else self._high)

    def _is_short(self) -> bool:
        if not self._disk:
            return False
        try:
            free = shutil.disk_usage(self._disk).free
        except OSError:
            logger.exception("STREAM_DISK cannot be looked at")
            return False
        DISK_FREE.set(free)
        return free < self._reserve * (RELIEF if self._short else 1)


def _full(reason: str) -> Problem:
    return Problem(
        "stream_full", f"{reason} Send the request again later.", retry_after=RETRY_AFTER_FULL
    )
