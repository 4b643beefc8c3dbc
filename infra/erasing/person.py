"""Whom to erase, and which events are theirs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from shared.dead_letters.rejections import raw_events
from shared.events.model import EVENT_TYPES, Source
from shared.store.erasures import tombstone

_NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class _User(msgspec.Struct, gc=False):
    userId: str | int


class _Data(msgspec.Struct, gc=False):
    user: _User


class _Event(msgspec.Struct, gc=False):
    data: _Data


_event = msgspec.json.Decoder(_Event).decode
_events = msgspec.json.Decoder(list[_Event]).decode


@dataclass(frozen=True)
class Person:
    """A user of some sources; one id in two sources may be two people."""

    user_id: str
    sources: Sequence[Source]

    @property
    def tombstones(self) -> list[bytes]:
        """Return what stands for the person when the id is gone."""
        return [tombstone(source, self.user_id) for source in self.sources]

    @property
    def types(self) -> list[int]:
        """Return the ids of the event types that the person's events may have."""
        return [kind.id for kind in EVENT_TYPES if kind.source in self.sources]

    def in_event(self, raw: bytes | msgspec.Raw) -> bool:
        """Say whether an event is the person's.

        An event that does not tell its user is, if the id is anywhere in it.
        """
        try:
            return str(_event(raw).data.user.userId) == self.user_id
        except _NOT_JSON:
            return self._mention.search(bytes(raw)) is not None

    def in_payload(self, payload: bytes) -> bool:
        """Say whether an event of a packed message is the person's."""
        try:
            return any(str(event.data.user.userId) == self.user_id for event in _events(payload))
        except _NOT_JSON:
            return any(map(self.in_event, raw_events(payload)))

    @cached_property
    def _mention(self) -> "re.Pattern[bytes]":
        """Match the id as a JSON string, whichever of its characters are escaped, or a number."""
        forms = [b'"' + b"".join(map(_written, self.user_id)) + b'"']
        if re.fullmatch(r"-?[0-9]+", self.user_id):
            forms.append(rb"(?<![\w.+-])" + self.user_id.encode() + rb"(?![\w.])")
        return re.compile(b"|".join(forms))


def _written(character: str) -> bytes:
    """Return a pattern for the ways in which JSON writes a character."""
    units = character.encode("utf-16-be", "surrogatepass").hex()
    pairs = (units[start : start + 4] for start in range(0, len(units), 4))
    escaped = "".join(rf"\\u(?i:{unit})" for unit in pairs).encode()
    ways = [re.escape(character.encode("utf-8", "surrogatepass")), escaped]
    if character in _SHORT:
        ways.append(rb"\\" + re.escape(_SHORT[character].encode()))
    return b"(?:" + b"|".join(ways) + b")"


_SHORT = {'"': '"', "\\": "\\", "/": "/", "\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
