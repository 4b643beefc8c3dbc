"""The types of each source, and the classes of events whose distinct users an index knows."""

from collections.abc import Mapping
from typing import Final

from shared.events.model import EVENT_TYPES, SOURCES
from shared.reports.questions import Question

STAGES: Final = ("top", "bottom")

TYPE_BITS: Final = 7
"""Event types that a source has; sets of them are numbers of so many bits."""

FIRST_TYPES: Final[Mapping[str, int]] = {
    source: min(kind.id for kind in EVENT_TYPES if kind.source == source) for source in SOURCES
}
"""The least id of a source's types; the others follow it."""


def _classes(source: str) -> tuple[frozenset[int], ...]:
    own = [kind for kind in EVENT_TYPES if kind.source == source]
    stages = [frozenset(kind.id for kind in own if kind.funnel_stage == stage) for stage in STAGES]
    return (
        *(frozenset({kind.id}) for kind in own),
        *stages,
        frozenset(kind.id for kind in own),
    )


CLASSES: Final[Mapping[str, tuple[frozenset[int], ...]]] = {
    source: _classes(source) for source in SOURCES
}
"""The types of each class: each type for itself, both stages, and all of a source."""


def split_by_stage(question: Question, source: str) -> tuple[frozenset[int], ...]:
    """Return the types of a source that a question is about: of each stage, and all of them."""
    own = [kind for kind in question.types if kind.source == source]
    stages = [frozenset(kind.id for kind in own if kind.funnel_stage == stage) for stage in STAGES]
    return (*stages, frozenset(kind.id for kind in own))


def is_indexed(question: Question) -> bool:
    """Say whether the users that a funnel tells of are all of classes."""
    if question.countries is not None or question.campaigns is not None:
        return False
    return set(question.group_by) <= {"source"} and all(
        not types or types in CLASSES[source]
        for source in SOURCES
        for types in split_by_stage(question, source)
    )
