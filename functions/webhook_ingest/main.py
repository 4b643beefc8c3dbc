"""webhook-ingest: takes events over HTTP and answers once they are durably in the stream.

`POST` any path with one event, an array, `{"events": […]}` or NDJSON, plain, gzip or zstd.
"""

from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus

from msgspec import UNSET

from functions.webhook_ingest.answers import IngestAnswer
from functions.webhook_ingest.body import split
from functions.webhook_ingest.inflate import inflate
from functions.webhook_ingest.intake import Intake
from functions.webhook_ingest.metrics import REQUEST_EVENTS
from functions.webhook_ingest.quarantine import Quarantine
from shared.errors import Problem
from shared.openapi.operations import Api
from shared.reading import BodyReader
from shared.settings import Settings
from shared.stream.connection import Broker
from shared.stream.dead_letters import bury
from shared.stream.packing import Origin
from shared.stream.pressure import Pressure
from shared.stream.publishing import Publisher
from shared.tracing import trace_context
from shared.web import Function, Request, Response, framework_target, require_method


class WebhookIngest:
    """The handler: reads, inflates and splits bodies, and hands the events to the intake."""

    def __init__(self, chosen: Settings) -> None:
        self._settings = chosen
        self._broker = Broker(chosen.nats_url, "webhook-ingest")
        self._reader = BodyReader(chosen)
        self._pressure = Pressure(self._broker, chosen)
        publisher = Publisher(self._broker, chosen.publish_timeout, chosen.publish_patience)
        self._intake = Intake(publisher.publish, chosen)
        self._quarantine = Quarantine(partial(bury, publisher), chosen)

    async def open(self) -> None:
        """Begin to connect to the broker."""
        self._broker.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._pressure.close()
        await self._broker.close()

    async def ready(self) -> None:
        """Raise Problem broker_unavailable unless the broker is there."""
        _ = self._broker.client

    async def handle(self, request: Request) -> Response:
        """Accept the request's events; a raised Problem means that none counts as accepted."""
        require_method(request, "POST")
        await self._broker.available()
        self._pressure.admit()
        async with self._reader.read(request) as sent:
            body = inflate(sent, request.headers.get("content-encoding", ""), self._settings)
            with self._reader.hold(0 if body is sent else len(body)):
                events = split(body, request.headers.get("content-type", ""))
                REQUEST_EVENTS.observe(len(events))
                if len(events) > self._settings.max_events_per_request:
                    limit = self._settings.max_events_per_request
                    raise Problem(
                        "too_many_events", f"A request may have {limit} events.", limit=limit
                    )
                origin = _origin(request)
                accepted, rejections = await self._intake.take(body, events, origin)
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


def _origin(request: Request) -> Origin:
    return Origin(request.correlation_id, datetime.now(UTC), trace_context.get())


def describe() -> Api:
    """Return what the function serves."""
    from functions.webhook_ingest import api  # noqa: PLC0415 - only when asked

    return api.describe()


function = Function("webhook-ingest", WebhookIngest, describe)
webhook_ingest = framework_target(function)
