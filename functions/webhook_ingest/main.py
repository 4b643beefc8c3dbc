"""webhook-ingest: takes events over HTTP and answers once they are durably in the stream.

`POST` any path with one event, an array, `{"events": […]}` or NDJSON, plain, gzip or zstd.
`GET` is Facebook's verification request.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import UNSET

from functions.webhook_ingest.answers import IngestAnswer
from functions.webhook_ingest.body import split
from functions.webhook_ingest.gate import Gate, admission, sources_of, verify
from functions.webhook_ingest.inflate import inflate
from functions.webhook_ingest.intake import Intake
from functions.webhook_ingest.metrics import REQUEST_EVENTS
from functions.webhook_ingest.quarantine import Quarantine
from shared.access.scopes import Admission
from shared.authenticity.facebook import answer_challenge
from shared.events.model import Source
from shared.openapi.operations import Api
from shared.reading import BodyReader
from shared.requests import Request, Response, require_method
from shared.settings import Settings
from shared.stream.broker import event_broker
from shared.stream.packing import Origin
from shared.tracing import trace_context
from shared.web import Function, framework_target


class WebhookIngest:
    """The handler: reads, inflates and splits bodies, and hands the events to the intake."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self.gate = Gate(chosen)
        self.broker = event_broker(chosen, "webhook-ingest")
        self._reader = BodyReader(chosen)
        self._intake = Intake(self.broker.publish, chosen)
        self._quarantine = Quarantine(self.broker.bury, chosen, self.broker.largest_letter)

    async def open(self) -> None:
        """Begin to connect to the broker."""
        self.broker.start()

    async def close(self) -> None:
        """Disconnect."""
        await self.broker.close()

    async def ready(self) -> None:
        """Raise Problem broker_unavailable unless the broker is there."""
        self.broker.ready()

    async def handle(self, request: Request) -> Response:
        """Accept the request's events; a raised Problem means that none counts as accepted."""
        require_method(request, "GET", "POST")
        if request.method == "GET":
            return self._challenge(request)
        scheme = self.gate.scheme(request.headers)
        await self.broker.admit()
        async with self._reader.read(request) as sent:
            await verify(scheme, request.headers, sent)
            return await self._take(request, sent, sources_of(scheme))

    async def _take(self, request: Request, sent: bytes, sources: Collection[Source]) -> Response:
        """Accept the events of those sources in a body as it was sent."""
        body = inflate(sent, request.headers.get("content-encoding", ""), self._settings)
        with self._reader.hold(0 if body is sent else len(body)):
            content_type = request.headers.get("content-type", "")
            events = split(body, content_type, self._settings.max_events_per_request)
            REQUEST_EVENTS.observe(len(events))
            origin = _origin(request)
            accepted, rejections = await self._intake.take(body, events, origin, sources)
            kept = await self._quarantine.keep(events, rejections, origin)
        request.log.update(events=len(events), accepted=accepted, rejected=len(rejections))
        answer = IngestAnswer(
            accepted=accepted,
            rejected=len(rejections),
            results=rejections,
            quarantined=kept.quarantined if rejections else UNSET,
            notQuarantined=kept.notQuarantined or UNSET,
            correlationId=request.correlation_id,
        )
        status = HTTPStatus.OK if accepted else HTTPStatus.UNPROCESSABLE_ENTITY
        return Response.json(answer, status)

    def _challenge(self, request: Request) -> Response:
        """Answer Facebook's verification request."""
        text = answer_challenge(request.query, self._settings.facebook_verify_token)
        headers = {"content-type": "text/plain", "x-content-type-options": "nosniff"}
        return Response(200, text.encode(), headers)


def _origin(request: Request) -> Origin:
    return Origin(request.correlation_id, datetime.now(UTC), trace_context.get())


def describe() -> Api:
    """Return what the function serves."""
    from functions.webhook_ingest import api  # noqa: PLC0415 - only when asked

    return api.describe()


def _guarding(handler: WebhookIngest, chosen: Settings, unasked: bool) -> Admission | None:  # noqa: FBT001 - as Function calls it
    return admission(handler.gate, handler.broker, chosen, unasked=unasked)


function = Function("webhook-ingest", WebhookIngest, describe, _guarding)
webhook_ingest = framework_target(function)
