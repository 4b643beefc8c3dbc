"""Logs, metrics and correlation ids, behind one facade.

Log lines are JSON on standard output, one per request or batch, without personal data. The
standard library's logging with msgspec's encoder costs 6-8 µs a line here, against 26-35 µs for
the larger loggers, and nothing at import.
"""

import logging
import re
import sys
import time
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

import msgspec
from prometheus_client import Histogram

CORRELATION_HEADER = "x-correlation-id"
TRACEPARENT_HEADER = "traceparent"

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")

_SAFE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\Z")

DURATION_BUCKETS = (.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30)  # fmt: skip

HTTP_DURATION = Histogram(
    "hookstream_http_request_duration_seconds",
    "Time from the first byte of a request to the end of its answer.",
    ("function", "method", "status"),
    buckets=DURATION_BUCKETS,
)


def accept_correlation_id(given: str | None) -> str:
    """Return the caller's correlation id if it is safe to echo and log, else a new one."""
    return given if given and _SAFE_ID.match(given) else uuid.uuid4().hex


def accept_traceparent(given: str | None) -> str:
    """Return a well-formed W3C traceparent (https://www.w3.org/TR/trace-context/), else ''."""
    return given if given and _TRACEPARENT.match(given) else ""


class _JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object; `extra={"fields": {...}}` adds members."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if current := correlation_id.get():
            line["correlationId"] = current
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()


def configure_logging(service: str, level: str, stream: TextIO | None = None) -> None:
    """Send every logger of the process to `stream` (standard output) as JSON lines."""
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(_JsonFormatter(service))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def fields(**members: object) -> dict[str, dict[str, object]]:
    """Return the `extra` of a log call that adds `members` to its line."""
    return {"fields": members}


def observe_request(function: str, method: str, status: int, started: float) -> float:
    """Record a request that began at `started` (time.perf_counter) and return its milliseconds."""
    elapsed = time.perf_counter() - started
    HTTP_DURATION.labels(function, method, status).observe(elapsed)
    return round(elapsed * 1000, 3)
