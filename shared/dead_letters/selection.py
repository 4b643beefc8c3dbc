"""Which dead letters are meant."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.dead_letters.letters import Letter
from shared.errors import Problem
from shared.events.model import SOURCES
from shared.reports.moments import FORMS, read_moment
from shared.stream.dead_letters import SUBJECT_PREFIX

LETTER_SOURCES = (*SOURCES, "unknown")
STAGES = ("ingest", "consume")

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What letters have to match; None is no restriction.

    `start` (inclusive) and `end` (exclusive) are about when the letter was written.
    """

    source: str | None = None
    code: str | None = None
    stage: str | None = None
    start: datetime | None = None
    end: datetime | None = None

    @property
    def subject(self) -> str:
        """Return the subject filter that holds every match."""
        return f"{SUBJECT_PREFIX}.{self.source or '>'}"

    def takes(self, letter: Letter) -> bool:
        """Say whether a letter matches."""
        return (
            self.source in {None, letter.source}
            and self.code in {None, letter.code}
            and self.stage in {None, letter.stage}
            and (self.start is None or self.start <= letter.stored_at)
            and (self.end is None or letter.stored_at < self.end)
        )


def _one_of(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"is not one of {', '.join(allowed)}")
        return text

    return read


def _read_code(text: str) -> str:
    if not _CODE.match(text):
        raise ValueError("is not a reason code")
    return text


_READERS: dict[str, tuple[str, tuple[str, ...], Callable[[str], object]]] = {
    "source": ("source", LETTER_SOURCES, _one_of(*LETTER_SOURCES)),
    "code": ("code", ("missing_field", "storage_refused"), _read_code),
    "stage": ("stage", STAGES, _one_of(*STAGES)),
    "from": ("start", FORMS, read_moment),
    "to": ("end", FORMS, read_moment),
}

FILTERS = tuple(_READERS)
"""The names of the filters, on the command line and over HTTP alike."""


def read_selection(given: Mapping[str, str]) -> Selection:
    """Return the selection of filters given by name, of FILTERS.

    Raises Problem invalid_parameter, which names the `parameter` and what is `allowed`.
    """
    values: dict[str, object] = {}
    for name, text in given.items():
        field, allowed, read = _READERS[name]
        try:
            values[field] = read(text)
        except ValueError as error:
            raise Problem(
                "invalid_parameter", f"`{name}` {error}.", parameter=name, allowed=list(allowed)
            ) from error
    return Selection(**values)  # type: ignore[arg-type]  # each reader returns its field's type
