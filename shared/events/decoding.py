"""Decodes and validates events; the only place that decides whether an event is valid.

A single event takes two stages, so that a refusal can say why: the envelope, then the event by
its source and stage; that costs 1.5-2 µs, a fifth of a validated model in the common libraries.
Many of one source at once take half the time, as long as all of them are valid.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import compress
from operator import attrgetter, methodcaller, not_, or_

import msgspec

from shared.events.model import (
    EVENT_CLASSES,
    EVENT_TYPES,
    MAX_ID_BYTES,
    SOURCES,
    Envelope,
    Event,
    Source,
)
from shared.events.text import NUL_ESCAPE, holds_nul, is_utf8, overlong_id

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(hours=24)

_envelope = msgspec.json.Decoder(Envelope).decode
_KNOWN = {(t.source, t.funnel_stage, t.name) for t in EVENT_TYPES}
_single = {key: msgspec.json.Decoder(event).decode for key, event in EVENT_CLASSES.items()}


def _source_decoder(source: Source) -> Callable[[bytes | msgspec.Raw], Event]:
    classes = [event for (of, _), event in EVENT_CLASSES.items() if of == source]
    return msgspec.json.Decoder(reduce(or_, classes)).decode


_of_source = {source: _source_decoder(source) for source in SOURCES}
_timestamp = attrgetter("timestamp")
_is_ascii = methodcaller("isascii")
_HEAD = 256
"""Bytes of an event among which its source usually is."""


class InvalidEventError(ValueError):
    """An event that cannot be stored.

    `code` is a row of shared.errors; `path` names the field, dotted, '' for the whole event;
    `detail` is for the sender.
    """

    def __init__(self, code: str, path: str, detail: str) -> None:
        super().__init__(f"{code} at {path or 'event'}: {detail}")
        self.code = code
        self.path = path
        self.detail = detail


def latest_timestamp() -> datetime:
    """Return the latest timestamp that is accepted now."""
    return datetime.now(UTC) + FUTURE_TOLERANCE


def decode_event(raw: bytes | msgspec.Raw, latest: datetime, *, escapes: bool = True) -> Event:
    """Decode one event from its JSON text. Raises InvalidEventError.

    `latest` is the latest timestamp to accept; without `escapes` there is no
    Unicode escape in the text, so that it need not be searched.
    """
    try:
        envelope = _envelope(raw)
        if (envelope.source, envelope.funnelStage, envelope.eventType) not in _KNOWN:
            raise _unknown_type(envelope)
        if not EARLIEST <= envelope.timestamp <= latest:
            raise InvalidEventError(
                "out_of_range", "timestamp", "not before 2000 nor more than 24 h ahead"
            )
        event = _single[envelope.source, envelope.funnelStage](raw)
    except msgspec.ValidationError as error:
        raise _from_validation(str(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _from_decoding(bytes(raw), error) from None
    _check_text(bytes(raw), event, escapes=escapes)
    return event


def decode_events(
    raws: Sequence[bytes | msgspec.Raw],
    texts: Sequence[bytes | str],
    source: Source,
    latest: datetime,
    *,
    escapes: bool,
) -> list[Event] | None:
    """Decode events of one source from their JSON texts, which are given decoded, too, if they are.

    Returns None if any may be invalid: then each has to be judged alone, by decode_event(), whose
    other parameters these are.
    """
    try:
        events = list(map(_of_source[source], raws))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    moments = list(map(_timestamp, events))
    if moments and not EARLIEST <= min(moments) <= max(moments) <= latest:
        return None
    plain = map(_is_plain if escapes else _is_ascii, texts)
    for event, text in compress(zip(events, texts, strict=True), map(not_, plain)):
        if not _is_storable(event, text):
            return None
    return events


def _is_plain(text: bytes | str) -> bool:
    if not text.isascii():
        return False
    return "\\" not in text if isinstance(text, str) else b"\\" not in text


def _is_storable(event: Event, text: bytes | str) -> bool:
    raw = text.encode() if isinstance(text, str) else text
    return is_utf8(raw) and NUL_ESCAPE not in raw and not overlong_id(event)


def guess_source(raw: bytes) -> Source:
    """Return the source that a valid event most probably has, without decoding it."""
    return "tiktok" if raw.find(b'"tiktok"', 0, _HEAD) >= 0 else "facebook"


class _Identity(msgspec.Struct):
    eventId: object = None
    source: object = None


def identity_of(raw: bytes | msgspec.Raw) -> tuple[str | None, str]:
    """Return (eventId, source) of an event that may be invalid, as far as they can be read."""
    try:
        found = msgspec.json.decode(raw, type=_Identity)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, "unknown"
    event_id = found.eventId[:MAX_ID_BYTES] if isinstance(found.eventId, str) else None
    return event_id, str(found.source) if found.source in SOURCES else "unknown"


def _unknown_type(envelope: Envelope) -> InvalidEventError:
    names = [t for t in EVENT_TYPES if t.source == envelope.source]
    if any(t.name == envelope.eventType for t in names):
        detail = f"not an event type of the {envelope.funnelStage} stage"
        return InvalidEventError("stage_mismatch", "eventType", detail)
    known = ", ".join(t.name for t in names)
    return InvalidEventError("invalid_value", "eventType", f"expected one of {known}")


_MISSING = re.compile(r"Object missing required field `(\w+)`")
_RULES = (
    ("with a timezone component", "invalid_timestamp"),
    ("Invalid RFC3339", "invalid_timestamp"),
    ("matching regex", "invalid_amount"),
    ("Invalid enum value", "invalid_value"),
    ("of length >=", "too_short"),
    ("of length <=", "too_long"),
    ("out of range", "out_of_range"),
    (">=", "out_of_range"),
    ("<=", "out_of_range"),
)


def _from_validation(message: str) -> InvalidEventError:
    text, _, location = message.partition(" - at `$")
    parts = [location.rstrip("`").lstrip(".")]
    if missing := _MISSING.match(text):
        parts.append(missing[1])
        code = "missing_field"
        text = "the field is missing"
    else:
        code = next((code for needle, code in _RULES if needle in text), "invalid_type")
    path = ".".join(part for part in parts if part)
    if code == "invalid_type" and not path:
        code = "not_an_object"
    if code == "invalid_value":
        text = "not one of the values that are allowed"  # which quotes no value
    if code == "invalid_amount":
        text = "expected a plain decimal of at most 12 digits and 4 decimals, as a string"
    return InvalidEventError(code, path, text.replace("`", ""))


def _from_decoding(raw: bytes, error: Exception) -> InvalidEventError:
    if isinstance(error, RecursionError):
        return InvalidEventError("too_deep", "", "nested too deeply")
    if isinstance(error, UnicodeDecodeError):
        return InvalidEventError("invalid_unicode", "", "a text is not UTF-8")
    # msgspec reports a lone surrogate as truncated input
    if re.search(rb"\\u[dD][89a-fA-F]", raw):
        return InvalidEventError("invalid_unicode", "", "a \\u escape is not a character")
    return InvalidEventError("malformed_json", "", str(error))


def _check_text(text: bytes, event: Event, *, escapes: bool) -> None:
    if text.isascii() and not escapes:
        return
    if not is_utf8(text):
        raise InvalidEventError("invalid_unicode", "", "a text is not UTF-8")
    if escapes and holds_nul(text):
        raise InvalidEventError("nul_character", "", "a text holds the character NUL")
    if path := overlong_id(event):
        detail = f"longer than {MAX_ID_BYTES} bytes in UTF-8"
        raise InvalidEventError("too_long", path, detail)
