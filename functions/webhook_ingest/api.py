"""What webhook-ingest declares of itself."""

from functions.webhook_ingest.answers import IngestAnswer
from shared.events.model import SOURCES
from shared.openapi.collectors import any_event, event_definitions
from shared.openapi.operations import Answered, Api, Operation

_PROBLEMS = (
    "invalid_signature",
    "empty_body",
    "invalid_json",
    "invalid_encoding",
    "request_timeout",
    "body_too_large",
    "too_many_events",
    "unsupported_media_type",
    "broker_unavailable",
    "stream_full",
)
_ENCODING = {
    "name": "Content-Encoding",
    "in": "header",
    "description": "gzip, zstd, or none of these.",
    "schema": {"type": "string", "enum": ["gzip", "zstd", "identity"]},
}


def describe() -> Api:
    """Return what webhook-ingest serves."""
    definitions = {
        name: part for source in SOURCES for name, part in event_definitions(source).items()
    }
    events = {"type": "array", "items": any_event(), "minItems": 1}
    document = {
        "anyOf": [
            any_event(),
            events,
            {"type": "object", "required": ["events"], "properties": {"events": events}},
        ],
        "$defs": definitions,
    }
    ingest = Operation(
        method="post",
        path="/",
        name="ingestEvents",
        summary="Accept events",
        description="Answers once the accepted events are durably in the stream. Any path below"
        " does the same; so do newline-delimited events as application/x-ndjson.",
        parameters=(_ENCODING,),
        body={"application/json": document},
        answers=(
            Answered(
                status=200,
                description="At least one event was accepted.",
                content={"application/json": IngestAnswer},
            ),
            Answered(
                status=422,
                description="No event was accepted.",
                content={"application/json": IngestAnswer},
            ),
        ),
        problems=_PROBLEMS,
        scope="ingest",
        signed=True,
    )
    verification = Operation(
        method="get",
        path="/",
        name="verifySubscription",
        summary="Answer Facebook's verification request",
        description="Where FACEBOOK_VERIFY_TOKEN is set; any path below does the same.",
        parameters=tuple(
            {"name": f"hub.{name}", "in": "query", "required": True, "schema": {"type": "string"}}
            for name in ("mode", "verify_token", "challenge")
        ),
        answers=(
            Answered(
                status=200,
                description="The challenge.",
                content={"text/plain": {"type": "string"}},
            ),
        ),
        problems=("forbidden", "invalid_parameter"),
    )
    return Api(
        name="webhook-ingest",
        description="Takes Facebook and TikTok events over HTTP.",
        place="/function/webhook-ingest",
        operations=(ingest, verification),
    )
