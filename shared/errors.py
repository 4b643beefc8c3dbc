"""The error table: every code that hookstream answers, logs or counts, in one place.

Problem documents follow RFC 9457 (https://www.rfc-editor.org/rfc/rfc9457), with a stable `code`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import msgspec

PROBLEM_TYPE = "application/problem+json"

_CHALLENGES = {"unauthorized": 'Basic realm="Restricted"'}
"""How to authenticate, by the code of a problem; else by a bearer token (RFC 6750)."""


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the table.

    `status` is the HTTP status when a whole request ends this way; `retryable` says that the very
    same request may succeed later; `log_level` is one of the logging module's.
    """

    code: str
    status: int
    title: str
    log_level: int = logging.INFO
    retryable: bool = False


def _row(
    code: str, status: int, title: str, level: int = logging.INFO, *, retryable: bool = False
) -> ErrorKind:
    return ErrorKind(code, status, title, level, retryable)


_REQUEST = (
    _row("invalid_json", 400, "The body is not JSON"),
    _row("empty_body", 400, "The body is empty"),
    _row("invalid_parameter", 400, "A parameter is unknown or its value is not allowed"),
    _row("invalid_batch", 400, "The body is not a CloudEvents batch"),
    _row("invalid_encoding", 400, "The body does not inflate"),
    _row("rows_expired", 400, "Rows that the report needs are not kept any more"),
    _row("selection_too_large", 400, "The selection holds too many events for this report"),
    _row("invalid_request", 400, "The request is not HTTP/1.1"),
    _row("unauthorized", 401, "The credentials are missing or wrong"),
    _row("invalid_credentials", 401, "The key or token is missing or wrong"),
    _row("invalid_signature", 401, "The request's signature is missing or wrong"),
    _row("forbidden", 403, "This caller may not do that"),
    _row("not_found", 404, "Nothing is here"),
    _row("method_not_allowed", 405, "The method is not allowed here"),
    _row("not_acceptable", 406, "The answer has no form that the request accepts"),
    _row("request_timeout", 408, "The body came too slowly"),
    _row("already_exists", 409, "It exists already"),
    _row("body_too_large", 413, "The body is too large"),
    _row("too_many_events", 413, "The body holds too many events"),
    _row("target_too_long", 414, "The request's target is too long"),
    _row("unsupported_media_type", 415, "The content type or encoding is not supported"),
    _row("no_event_accepted", 422, "No event of the request was accepted"),
    _row("event_rejected", 422, "An event of the CloudEvent can never be stored"),
    _row("head_too_large", 431, "The request's head is too large"),
    _row("too_many_requests", 429, "Too many requests in flight", retryable=True),
    _row("rate_limited", 429, "The caller sends too many requests", retryable=True),
    _row("internal_error", 500, "An error on our side", logging.ERROR, retryable=True),
    _row("undeliverable", 500, "A broker's event can never be stored", logging.WARNING),
    _row("not_implemented", 501, "The server does not know this of HTTP"),
    _row("bad_gateway", 502, "The function's replica went away", logging.WARNING, retryable=True),
    _row("broker_unavailable", 503, "The broker is away", logging.WARNING, retryable=True),
    _row("broker_refused", 503, "The broker refuses a login or a subject", logging.ERROR),
    _row("stream_full", 503, "The stream is full", logging.ERROR, retryable=True),
    _row("database_unavailable", 503, "The database is away", logging.WARNING, retryable=True),
    _row("database_full", 503, "The database is out of space", logging.ERROR, retryable=True),
    _row("query_timeout", 503, "The query took too long", logging.WARNING, retryable=True),
    _row("segments_behind", 503, "Events of an older version are being prepared", retryable=True),
    _row("segments_behind", 503, "Events are being made ready for the report", retryable=True),
    _row("keys_unavailable", 503, "The keys cannot be read", logging.WARNING, retryable=True),
    _row("function_unavailable", 503, "The function is away", logging.WARNING, retryable=True),
    _row("gateway_timeout", 504, "The function was too slow", logging.WARNING, retryable=True),
)  # fmt: skip

_EVENT = (
    _row("not_an_object", 422, "The event is not a JSON object"),
    _row("missing_field", 422, "A field is missing"),
    _row("invalid_type", 422, "A field has another JSON type"),
    _row("invalid_value", 422, "A field's value is not one of those allowed"),
    _row("out_of_range", 422, "A number or time is outside its range"),
    _row("invalid_timestamp", 422, "A time is not ISO-8601 with a date, a time and an offset"),
    _row("invalid_amount", 422, "An amount is not a plain decimal of at most 12+4 digits"),
    _row("too_short", 422, "A text is empty"),
    _row("too_long", 422, "A text or the event is too long"),
    _row("stage_mismatch", 422, "Stage and event type do not belong together"),
    _row("nul_character", 422, "A text holds the character NUL"),
    _row("invalid_unicode", 422, "A text is not valid Unicode"),
    _row("too_deep", 422, "The event is nested too deeply"),
    _row("foreign_source", 422, "The request's signature does not stand for this source"),
    _row("malformed_json", 422, "The event is not valid JSON"),
    _row("checksum_mismatch", 422, "A stored message is damaged", logging.ERROR),
    _row("quarantine_limit", 422, "Too many refused events in a request to keep each of them"),
    _row("storage_refused", 422, "The database refuses the event", logging.ERROR),
    _row("attempts_exhausted", 422, "The function failed the message too often", logging.ERROR),
)

ERRORS: Mapping[str, ErrorKind] = {kind.code: kind for kind in (*_REQUEST, *_EVENT)}


class Problem(Exception):  # noqa: N818 - RFC 9457's own term
    """Ends a request with the table's status and a problem document.

    `detail` is for the caller: it says what to do and holds no secret and no personal data.
    `retry_after` is in seconds. `extensions` become members of the document.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        retry_after: float | None = None,
        **extensions: object,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.kind = ERRORS[code]
        self.detail = detail
        self.retry_after = retry_after
        self.extensions = extensions

    def document(self, correlation_id: str | None = None) -> bytes:
        """Return the problem document as JSON."""
        members: dict[str, object] = {
            "type": f"urn:hookstream:error:{self.kind.code}",
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
            **self.extensions,
        }
        if correlation_id:
            members["correlationId"] = correlation_id
        return msgspec.json.encode(members)

    def headers(self) -> dict[str, str]:
        """Return the answer's headers: the content type and, when known, `Retry-After`."""
        headers = {"content-type": PROBLEM_TYPE}
        if self.retry_after is not None:
            headers["retry-after"] = str(max(1, round(self.retry_after)))
        if self.kind.status == HTTPStatus.UNAUTHORIZED:
            headers["www-authenticate"] = _CHALLENGES.get(
                self.kind.code, 'Bearer realm="hookstream"'
            )
        if self.kind.status == HTTPStatus.REQUEST_TIMEOUT:
            headers["connection"] = "close"  # the rest of the body may come yet
        if self.kind.status == HTTPStatus.METHOD_NOT_ALLOWED and "allow" in self.extensions:
            headers["allow"] = str(self.extensions["allow"])
        return headers
