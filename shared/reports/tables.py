"""Answers as tables: one row per group, or per point of a series."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import msgspec
from msgspec import inspect

from shared.reports.groups import MEMBERS

Kind = Literal["integer", "number", "money", "moment", "text"]
Rows = Sequence[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its name; `path` leads from a row to the value, field by field."""

    name: str
    kind: Kind
    path: tuple[str, ...]

    def of(self, row: msgspec.Struct) -> Any:  # noqa: ANN401 - a cell: number, text, moment or None
        """Return the value of a row, None where it has none."""
        value: Any = row
        for field in self.path:
            value = getattr(value, field)
        return value


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a report's answers: `group` and `point` are what one is made of."""

    group: type[msgspec.Struct]
    point: type[msgspec.Struct] | None = None
    read: Callable[[Any], Rows] | None = None

    def rows(self, answer: Any) -> Rows:  # noqa: ANN401 - one that has what is looked at
        """Return the rows of an answer."""
        if self.read is not None:
            return self.read(answer)
        if self.point is not None and answer.series is not msgspec.UNSET:
            return answer.series  # type: ignore[no-any-return]
        return answer.groups  # type: ignore[no-any-return]

    def columns(self, group_by: Sequence[str], *, series: bool) -> tuple[Column, ...]:
        """Return the columns: when, which group, how much."""
        row = self.point if series and self.point is not None else self.group
        found = {column.name: column for column in _columns(row)}
        first = [name for name in ("start", *group_by) if name in found]
        rest = [name for name in found if name not in {"start", *MEMBERS}]
        if not group_by:
            rest = [name for name in found if name not in first]
        return tuple(found[name] for name in (*first, *rest))


def _columns(
    row: type[msgspec.Struct], name: str = "", path: tuple[str, ...] = ()
) -> Iterator[Column]:
    """Yield the columns of a struct, those of nested ones by `outer.inner`; lists have none."""
    described = inspect.type_info(row)
    if not isinstance(described, inspect.StructType):
        raise TypeError(row)
    for field in described.fields:
        label, way = f"{name}{field.encode_name}", (*path, field.name)
        known = _plain(field.type)
        if isinstance(known, inspect.StructType):
            yield from _columns(known.cls, f"{label}.", way)
        elif not isinstance(known, inspect.CollectionType | inspect.DictType):
            yield Column(label, _kind(known), way)


def _plain(described: inspect.Type) -> inspect.Type:
    """Return what a value is where there is one."""
    if isinstance(described, inspect.Metadata):
        return _plain(described.type)
    if isinstance(described, inspect.UnionType):
        [known] = [kind for kind in described.types if not isinstance(kind, inspect.NoneType)]
        return _plain(known)
    return described


def _kind(described: inspect.Type) -> Kind:
    if isinstance(described, inspect.IntType):
        return "integer"
    if isinstance(described, inspect.FloatType):
        return "number"
    if isinstance(described, inspect.DateTimeType):
        return "moment"
    if isinstance(described, inspect.StrType) and described.pattern:
        return "money"
    return "text"


def moment_text(moment: datetime) -> str:
    """Write a moment as JSON answers do."""
    return moment.isoformat().replace("+00:00", "Z")
