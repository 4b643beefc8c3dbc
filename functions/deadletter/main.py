"""deadletter: dead letters over HTTP.

`GET /` lists them, `GET /<sequence>` shows one, `POST /redrive` and `POST /drop` take a JSON
object of filters and answer how many letters were done.
"""

from functions.deadletter.requests import read_list, read_order
from shared.access.broker import BrokerKeys
from shared.access.guard import by_scope
from shared.dead_letters.archive import DeadLetters
from shared.dead_letters.redrive import Outcome, Redriver
from shared.errors import Problem
from shared.openapi.operations import Api
from shared.reading import BodyReader
from shared.requests import Request, Response, require_method
from shared.settings import Settings
from shared.stream.connection import Broker
from shared.stream.publishing import Publisher
from shared.web import Function, framework_target

_LARGEST_SEQUENCE = 19


class DeadLetterFunction:
    """The handler."""

    def __init__(self, chosen: Settings) -> None:
        self.broker = Broker(chosen.nats_url, "deadletter")
        self._reader = BodyReader(chosen)
        self._letters = DeadLetters(self.broker)
        publisher = Publisher(self.broker, chosen.publish_timeout, chosen.publish_timeout)
        self._redriver = Redriver(self._letters, publisher, chosen)

    async def open(self) -> None:
        """Begin to connect to the broker."""
        self.broker.start()

    async def close(self) -> None:
        """Disconnect."""
        await self.broker.close()

    async def ready(self) -> None:
        """Raise Problem broker_unavailable unless the broker is there."""
        _ = self.broker.client

    async def handle(self, request: Request) -> Response:
        """Answer one request. Raises Problem."""
        path = request.path.strip("/")
        if path in {"redrive", "drop"}:
            require_method(request, "POST")
            return await self._change(request, path)
        require_method(request, "GET", "HEAD")
        await self.broker.available()
        if not path:
            return await self._list(request)
        if not (path.isdecimal() and path.isascii() and len(path) <= _LARGEST_SEQUENCE):
            raise Problem("not_found", "GET / or /<sequence>, POST /redrive or /drop.")
        return Response.json((await self._letters.letter(int(path))).document())

    async def _list(self, request: Request) -> Response:
        asked = read_list(request.query)
        page = await self._letters.page(
            asked.selection, asked.limit, asked.after, newest=asked.newest
        )
        letters = [letter.summary() for letter in page.letters]
        return Response.json({"letters": letters, "next": page.next})

    async def _change(self, request: Request, verb: str) -> Response:
        async with self._reader.read(request) as body:
            order = read_order(body, patchable=verb == "redrive")
        await self.broker.available()
        if verb == "redrive":
            outcome = await self._redriver.redrive(order)
        else:
            outcome = await self._redriver.drop(order)
        request.log.update(matched=outcome.matched, done=outcome.done, dryRun=order.dry_run)
        return _answer(outcome, verb, dry_run=order.dry_run)


def _answer(outcome: Outcome, verb: str, *, dry_run: bool) -> Response:
    """Answer what was done; when nothing was, because of a problem, the problem."""
    if outcome.problem is not None and not outcome.done:
        raise outcome.problem
    done = "redriven" if verb == "redrive" else "dropped"
    return Response.json({"dryRun": dry_run, **outcome.document(done)})


def describe() -> Api:
    """Return what the function serves."""
    from functions.deadletter import api  # noqa: PLC0415 - only when asked

    return api.describe()


guarding = by_scope("ops", lambda handler: BrokerKeys(handler.broker))
function = Function("deadletter", DeadLetterFunction, describe, guarding)
deadletter = framework_target(function)
