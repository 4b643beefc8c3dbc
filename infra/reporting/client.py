"""Asks a gateway for a report."""

from collections.abc import Mapping, Sequence

import httpx2
import msgspec

_OK = 200
_TEXT = 300


class ReportFailedError(Exception):
    """There was no answer, or it was a refusal; the message says which, for people."""


class _Problem(msgspec.Struct, rename="camel"):
    """The members of a problem document (RFC 9457) that are shown."""

    title: str
    detail: str = ""
    allowed: list[str] = []
    correlation_id: str = ""

    def __str__(self) -> str:
        allowed = f"\nallowed: {', '.join(self.allowed)}" if self.allowed else ""
        reference = f"\ncorrelation id: {self.correlation_id}" if self.correlation_id else ""
        return f"{self.title}: {self.detail}{allowed}{reference}"


def fetch(
    gateway: str,
    name: str,
    parameters: Sequence[tuple[str, str]],
    timeout: float,
    headers: Mapping[str, str],
) -> bytes:
    """Return a report in the form that the parameters ask for. Raises ReportFailedError."""
    url = f"{gateway.rstrip('/')}/reports/{name}"
    try:
        answer = httpx2.get(url, params=list(parameters), timeout=timeout, headers=headers)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise ReportFailedError(f"{url}: {str(error) or type(error).__name__}") from error
    if answer.status_code != _OK:
        raise ReportFailedError(f"HTTP {answer.status_code}: {_explanation(answer.content)}")
    return answer.content


def _explanation(content: bytes) -> str:
    try:
        return str(msgspec.json.decode(content, type=_Problem))
    except msgspec.MsgspecError:
        return content[:_TEXT].decode(errors="replace")
