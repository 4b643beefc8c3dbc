"""Owns every process of a stack: starts them in order, keeps them alive, stops them in order."""

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial

from infra.local.changes import Changes
from infra.local.child import Child, describe_exit
from infra.local.control import Restarted
from infra.local.deployments import Deployments
from infra.local.fleet import Fleet
from infra.local.gateway_link import GatewayLink
from infra.local.keeper import Keeper, Launch
from infra.local.launches import Launches
from infra.local.logins import DatabaseUrls
from infra.local.monitoring import prometheus_binary, prometheus_server
from infra.local.nats_server import nats_server
from infra.local.nats_users import LoginsError, NatsUsers, urls_by_logins
from infra.local.options import Options
from infra.local.ports import HOST, PortBook, PortInUseError
from infra.local.postgres_server import postgres_server
from infra.local.probe import http_status
from infra.local.programs import READY_TIMEOUT, Server, ServerFailedError, bound_log, tail
from infra.local.registry import Registry
from infra.local.secrets import Secrets
from infra.local.stackfile import StackFileError, read_stack
from infra.local.state import AlreadyRunningError, StateDir, Status
from infra.local.statusboard import StatusBoard
from shared.settings import given_text
from shared.store.kinds import LoginsError as DatabaseLoginsError

_LEFTOVER_TIMEOUT = 20.0
_POLL = 0.05
_BACKLOG = 4096
_OK = 200
_HOUSEKEEPING = 10.0

logger = logging.getLogger(__name__)

EXPECTED_FAILURES = (
    AlreadyRunningError,
    DatabaseLoginsError,
    LoginsError,
    PortInUseError,
    ServerFailedError,
    StackFileError,
)
"""What `Supervisor` raises when a stack cannot start; the messages are for people."""


class Supervisor:
    """Runs one stack until SIGTERM or SIGINT; `tell` gets lines of progress.

    Raises StackFileError.
    """

    def __init__(self, options: Options, tell: Callable[[str], None]) -> None:
        self._options = options
        self._tell = tell
        stack = read_stack(options.stack, options.idle)
        self._state = StateDir(options.state_dir)
        self._state.make()
        self._secrets = Secrets(self._state.secrets)
        self._deployments = Deployments(self._state.functions, stack, self._secrets, options.idle)
        self._nats_urls: Mapping[str, str] = {}
        self._board = StatusBoard(self._state, self._deployments, self._keepers)
        self._servers: list[Keeper] = []
        self._front: list[Keeper] = []
        self._sockets: list[socket.socket] = []
        self._link: GatewayLink | None = None
        self._making: asyncio.Future[Server] | None = None

    async def run(self, serving: Callable[[Status], None]) -> None:
        """Run the stack; call `serving` with its status once it serves.

        Raises AlreadyRunningError, PortInUseError or ServerFailedError and leaves nothing running.
        """
        lock = self._state.lock()
        self._registry = Registry(self._state.registry)
        try:
            await self._run(serving)
        except Exception as error:
            self._board.error = str(error)
            raise
        finally:
            await self._stop()
            lock.release()

    async def _run(self, serving: Callable[[Status], None]) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        if await _before(stop, self._start()):
            self._board.enter("running")
            serving(self._board.document())
            while not await _fired(stop, _HOUSEKEEPING):
                await self._tidy()

    def _keepers(self) -> Iterator[Keeper]:
        yield from self._servers
        yield from self._front

    def _progress(self, text: str) -> None:
        self._tell(text)
        self._board.progress(text)

    async def _start(self) -> None:
        self._board.enter("starting")
        self._deployments.restore()
        self._registry.stop_leftovers(_LEFTOVER_TIMEOUT, self._progress)
        if self._options.monitoring:
            prometheus_binary()
        book = PortBook(self._state.ports)
        listener = self._listen(book.choose("gateway", self._options.port), self._options.host)
        port: int = listener.getsockname()[1]
        gateway = f"http://{HOST}:{port}"
        self._board.show(gateway=gateway, metrics=f"{gateway}/metrics")
        servers = await self._start_servers(book) if self._options.pipeline else ()
        launches = Launches(self._options, self._state, self._secrets, port, *servers)
        launches = replace(launches, nats_urls=self._nats_urls)
        if (key := given_text("delivery_key")) is not None:
            launches = replace(launches, delivery_key=key)
        if self._options.pipeline:
            self._secrets.given = launches.provided()
        if self._options.pipeline:
            await self._prepare(launches)
        if self._options.monitoring:
            self._front.append(self._prometheus(book, port))
        await self._start_front(launches, listener)
        await self._until_serving(port)

    async def _tidy(self) -> None:
        """Bound the logs, and write what a full disk did not take."""
        try:
            await asyncio.to_thread(self._bound_logs)
        except OSError:
            logger.exception("the logs are not bounded")
        self._registry.catch_up()
        self._board.publish()

    def _bound_logs(self) -> None:
        for log in self._state.logs.glob("*.log"):
            bound_log(log)

    def _listen(self, port: int, host: str = HOST) -> socket.socket:
        """Return a listening socket that stays open while the process behind it is replaced."""
        listener = socket.create_server((host, port), backlog=_BACKLOG)
        self._sockets.append(listener)
        return listener

    async def _start_servers(self, book: PortBook) -> tuple[str, DatabaseUrls, str]:
        """Start what was not given; return the URLs of NATS and PostgreSQL, and NATS' folder."""
        options, root = self._options, self._state.root
        servers: list[Server] = []
        nats_url, database_url, stream_disk = options.nats_url, options.database_url, ""
        if not nats_url:
            users = NatsUsers(root / "nats-users")
            users.make()
            nats = nats_server(root, book, options.nats_port, users)
            nats_url, stream_disk = nats.url, str(nats.data)
            self._nats_urls = users.urls(nats_url)
            self._board.show(natsMonitor=nats.monitor)
            servers.append(nats)
        else:
            self._nats_urls = urls_by_logins(nats_url, given_text("nats_logins") or "")
        if not database_url:
            self._progress("starting PostgreSQL")
            port = options.database_port
            self._making = asyncio.ensure_future(
                asyncio.to_thread(postgres_server, root, book, port)
            )
            postgres = await asyncio.shield(self._making)
            database_url, database = postgres.url, DatabaseUrls(postgres.url, postgres.logins)
            servers.append(postgres)
        else:
            given = given_text("database_logins") or ""
            database = DatabaseUrls.by_logins(database_url, given)
        self._board.show(nats=nats_url, database=database_url)
        self._servers = [self._server_keeper(server) for server in servers]
        await _together(keeper.start() for keeper in self._servers)
        return nats_url, database, stream_disk

    def _server_keeper(self, server: Server) -> Keeper:
        async def ready() -> bool:
            return await asyncio.to_thread(server.ready)

        keeper = self._keeper(server.program.name, lambda: Launch(server.program), ready)
        if (broken := server.broken) is not None:
            keeper.broken = partial(asyncio.to_thread, broken)
        return keeper

    def _keeper(
        self,
        name: str,
        launch: Callable[[], Launch],
        ready: Callable[[], Coroutine[None, None, bool]],
    ) -> Keeper:
        return Keeper(name, launch, ready, self._registry, self._board.publish, self._restarted)

    def _restarted(self, name: str) -> None:
        self._tell(f"{name} ended and is started again")
        if self._link is not None:
            self._link.tell(Restarted(name))

    async def _prepare(self, launches: Launches) -> None:
        self._progress("applying migrations, creating streams")
        program = launches.prepare()
        child = await Child.start(program, self._registry)
        try:
            code = await asyncio.wait_for(child.wait(), READY_TIMEOUT)
        except (TimeoutError, asyncio.CancelledError):
            await child.stop()
            raise
        if code != 0:
            reason = f"migrations or streams failed with {describe_exit(code)}"
            raise ServerFailedError(f"{reason}\n{program.log}:\n{tail(program.log)}")

    async def _start_front(self, launches: Launches, listener: socket.socket) -> None:
        """Start the gateway, the connector and the replicas that are always there."""
        self._progress("starting gateway, connector and functions")
        queue, queue_port = self._queue_worker(launches) if self._options.pipeline else ([], 0)
        gateway = partial(launches.gateway, queue_port=queue_port)
        link = self._link = GatewayLink(listener, gateway)
        specs, changed = self._deployments.specs, self._board.publish
        fleet = Fleet(specs, launches.replica, self._registry, changed, link.tell)
        link.fleet = self._board.fleet = fleet
        link.changes = Changes(self._deployments, fleet, link.tell, launches.forget)
        for spec in list(specs.values()):
            for _ in range(spec.minimum):
                await fleet.start(spec.name)
        # First, so that it is stopped first: what it has under way goes through the gateway.
        self._front += queue
        self._front.append(
            self._keeper("gateway", link.launch, _answers(launches.gateway_port, "/healthz"))
        )
        if self._options.pipeline and self._options.connector:
            self._front.append(self._connector(launches))
        await _together(keeper.start() for keeper in self._front)

    def _prometheus(self, book: PortBook, gateway_port: int) -> Keeper:
        asked = self._options.prometheus_port
        server = prometheus_server(self._state.root, book, gateway_port, asked)
        self._board.show(prometheus=server.url)
        return self._server_keeper(server)

    def _queue_worker(self, launches: Launches) -> tuple[list[Keeper], int]:
        listener = self._listen(0)
        port: int = listener.getsockname()[1]
        descriptor = listener.fileno()

        def launch() -> Launch:
            return Launch(launches.queue_worker(descriptor), (descriptor,))

        return [self._keeper("queue-worker", launch, _answers(port, "/health/ready"))], port

    def _connector(self, launches: Launches) -> Keeper:
        listener = self._listen(0)
        port: int = listener.getsockname()[1]
        descriptor = listener.fileno()

        def launch() -> Launch:
            return Launch(launches.connector(descriptor), (descriptor,))

        return self._keeper("connector", launch, _answers(port, "/health/ready"))

    async def _until_serving(self, port: int) -> None:
        """Wait until each function that is always there is ready behind the gateway."""
        self._progress("waiting for the functions")
        for spec in list(self._deployments.specs.values()):
            if spec.minimum > 0:
                ready = _answers(port, f"/function/{spec.name}/health/ready")
                await self._until_one_is_ready(spec.name, ready)

    async def _until_one_is_ready(
        self, name: str, ready: Callable[[], Coroutine[None, None, bool]]
    ) -> None:
        try:
            await self._until_ready(name, ready)
        except ServerFailedError as failure:
            if not self._deployments.is_deployed(name):
                raise
            # Only a stack that is up takes the deployment that mends it.
            self._progress(str(failure))

    async def _until_ready(
        self, name: str, ready: Callable[[], Coroutine[None, None, bool]]
    ) -> None:
        log = self._state.logs / f"{name}.log"
        try:
            async with asyncio.timeout(READY_TIMEOUT):
                while not await ready():
                    if self._board.fleet and self._board.fleet.functions[name].backoff.failures > 1:
                        raise ServerFailedError(f"{name} keeps ending\n{log}:\n{tail(log)}")
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise ServerFailedError(f"{name} did not get ready\n{log}:\n{tail(log)}") from None

    async def _stop(self) -> None:
        """Stop in the order in which nothing in flight is lost."""
        self._board.enter("stopping")
        if self._making is not None:
            # A thread cannot be cancelled, and must not outlive the lock.
            await asyncio.wait([self._making])
        for listener in self._sockets:
            listener.close()
        for keeper in self._front:
            await keeper.stop()
        if self._board.fleet is not None:
            await self._board.fleet.close()
        if self._link is not None:
            self._link.close()
        for keeper in self._servers:
            await keeper.stop()
        self._board.enter("stopped")


def _answers(port: int, path: str) -> Callable[[], Coroutine[None, None, bool]]:
    async def ready() -> bool:
        return await http_status(port, path) == _OK

    return ready


async def _fired(event: asyncio.Event, patience: float) -> bool:
    """Wait for an event for some seconds; return whether it came."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), patience)
    return event.is_set()


async def _together(work: Iterable[Coroutine[None, None, None]]) -> None:
    """Do it all at once; the first failure cancels the rest and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def _before(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Do the work unless told to stop first; return whether it was done."""
    task = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
        return False
    task.result()
    return True
