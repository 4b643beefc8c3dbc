"""The connector as a handler: routes, watermarks and retention behind health and metrics."""

import asyncio
import importlib
import logging
import signal
from collections.abc import Coroutine

import aiohttp
import stamina
from nats.errors import Error as NatsError

from infra.connector.figures import FiguresKeeper
from infra.connector.invocation import Target
from infra.connector.key_copying import KeyCopier
from infra.connector.retention import RetentionKeeper, bytes_to_keep
from infra.connector.route import Links, Route
from infra.connector.row_retention import RowRetentionKeeper
from infra.connector.second_rollups import SecondRollupKeeper
from infra.connector.segment_folding import SegmentFolder
from infra.connector.segment_merging import SegmentMerger
from infra.connector.watermark import WatermarkKeeper
from shared.errors import Problem
from shared.requests import Request, Response
from shared.settings import Settings
from shared.store.copying import prepare
from shared.store.pool import Database
from shared.stream.connection import Broker
from shared.stream.publishing import Publisher
from shared.stream.topology import restore_topology

logger = logging.getLogger(__name__)


class Connector:
    """Delivers from JetStream to the collectors until closed."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._broker = Broker(chosen.nats_url, "connector")
        self._publisher = Publisher(self._broker, chosen.publish_timeout, chosen.publish_patience)
        self._database = Database(chosen, "connector", configure=prepare)
        self._routes: list[Route] = []
        self._delivering: asyncio.Task[None] | None = None
        self._background: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begin to connect; deliveries start once broker and streams are there."""
        self._broker.start()
        await self._database.open()
        self._delivering = _vital(self._deliver())
        keepers = (
            WatermarkKeeper(self._broker, self._database).run(),
            RetentionKeeper(self._broker, bytes_to_keep(self._settings)).run(),
            RowRetentionKeeper(self._database, self._settings.rows_keep_days).run(),
            SecondRollupKeeper(self._database).run(),
            SegmentFolder(self._database).run(),
            SegmentMerger(self._database).run(),
            KeyCopier(self._broker, self._database).run(),
            FiguresKeeper(self._broker, self._database, self._settings).run(),
        )
        self._background = [_vital(keeper) for keeper in keepers]

    async def close(self) -> None:
        """Finish the calls in flight, give back the rest and disconnect."""
        for route in self._routes:
            route.stop()
        if self._delivering is not None:
            if not self._routes:
                self._delivering.cancel()
            await asyncio.gather(self._delivering, return_exceptions=True)
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._broker.close()
        await self._database.close()

    async def ready(self) -> None:
        """Raise Problem unless the broker is there and deliveries run."""
        _ = self._broker.client
        if not self._routes or self._delivering is None or self._delivering.done():
            raise Problem("function_unavailable", "Deliveries have not begun.", retry_after=1)

    async def handle(self, request: Request) -> Response:
        """Answer that there is nothing but health and metrics here."""
        raise Problem("not_found", f"The connector has no {request.path}.")

    async def _deliver(self) -> None:
        await self._restore_topology()
        limit = 4 * self._settings.invoke_concurrency
        key = self._settings.delivery_key
        headers = {"authorization": f"Bearer {key}"} if key else None
        connections = aiohttp.TCPConnector(limit=limit)
        async with aiohttp.ClientSession(connector=connections, headers=headers) as session:
            links = Links(
                self._broker, self._publisher, self._database, session, self._restore_topology
            )
            self._routes = [
                Route(source, target, links, self._settings)
                for source, target in _targets(self._settings).items()
            ]
            async with asyncio.TaskGroup() as group:
                for route in self._routes:
                    group.create_task(route.run())

    async def _restore_topology(self) -> None:
        async for attempt in stamina.retry_context(
            on=(NatsError, Problem), attempts=None, timeout=None, wait_initial=0.1, wait_max=2.0
        ):
            with attempt:
                await self._broker.available(patience=None)
                await restore_topology(self._broker.jetstream, self._settings)


def _vital(work: Coroutine[None, None, None]) -> asyncio.Task[None]:
    """Run work that the process cannot do without: if it fails, end, to be started anew."""
    task = asyncio.create_task(work)
    task.add_done_callback(_end_if_failed)
    return task


def _end_if_failed(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        logger.critical("the connector cannot go on", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


def _targets(chosen: Settings) -> dict[str, Target]:
    base = chosen.functions_url.rstrip("/")
    urls = {
        "facebook": ("fb-consume", chosen.fb_consume_url),
        "tiktok": ("ttk-consume", chosen.ttk_consume_url),
    }
    if any(url and url.startswith("arn:") for _, url in urls.values()):
        # Without the extra aws this ends the start, not the first delivery.
        importlib.import_module("infra.connector.lambda_invocation")
    return {
        source: Target(name, url or f"{base}/{name}", chosen.invoke_timeout)
        for source, (name, url) in urls.items()
    }
