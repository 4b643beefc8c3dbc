"""Problems as answers of the server itself."""

import logging

from shared.errors import Problem
from shared.http.exchange import Exchange
from shared.telemetry import CORRELATION_HEADER, accept_correlation_id, fields

logger = logging.getLogger(__name__)


def refuse(exchange: Exchange, problem: Problem) -> None:
    """Answer a problem document, and log it under its correlation id."""
    correlation = accept_correlation_id(exchange.get(CORRELATION_HEADER))
    said = fields(code=problem.kind.code, correlationId=correlation)
    logger.log(problem.kind.log_level, problem.detail, extra=said)
    headers = problem.headers() | {CORRELATION_HEADER: correlation}
    exchange.respond(
        problem.kind.status,
        [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        problem.document(correlation),
    )
