"""Request bodies: the forms and encodings that webhook-ingest takes."""

import gzip
from dataclasses import dataclass
from typing import Final

import zstandard

from infra.publisher.batch import Batch

FORMS: Final = ("array", "object", "ndjson", "single")
ENCODINGS: Final = ("none", "gzip", "zstd")
_GZIP_LEVEL: Final = 1
_JSON: Final = "application/json"


@dataclass(slots=True)
class Body:
    """One request: its bytes and headers, and the batch that it carries."""

    content: bytes
    headers: dict[str, str]
    batch: Batch


def _content(events: list[bytes], form: str) -> bytes:
    if form == "array":
        return b"[%b]" % b",".join(events)
    if form == "object":
        return b'{"events":[%b]}' % b",".join(events)
    if form == "ndjson":
        return b"\n".join(events) + b"\n"
    (event,) = events
    return event


def _encode(content: bytes, encoding: str) -> bytes:
    if encoding == "gzip":
        return gzip.compress(content, _GZIP_LEVEL)
    return zstandard.compress(content) if encoding == "zstd" else content


def body(batch: Batch, form: str = "array", encoding: str = "none") -> Body:
    """Return the request for a batch.

    The form `single` takes a batch of one. The batch's events are let go: the body holds them.
    Raises ValueError when a batch of several is to be `single`.
    """
    headers = {"content-type": "application/x-ndjson" if form == "ndjson" else _JSON}
    if encoding != "none":
        headers["content-encoding"] = encoding
    content = _encode(_content(batch.events, form), encoding)
    batch.events = []
    return Body(content, headers, batch)
