"""What a scenario found in one run: figures, sheets of figures, and whether it is proved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

Merge = Callable[[Sequence[float]], float]


class Figure(NamedTuple):
    """One figure: its name in JSON, its heading, its value (None: not measured), its format."""

    key: str
    heading: str
    value: float | None
    form: str = ",.2f"


class Column(NamedTuple):
    """A column of a sheet; `merge` makes one value of those of several runs."""

    key: str
    heading: str
    form: str = ",.2f"
    merge: Merge = median


@dataclass(frozen=True, slots=True)
class Sheet:
    """Figures by name: of processes, of tables, of stages. `total` adds a line of sums.

    In JSON it is a list of objects below `key`, its rows' names under `name`.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: Mapping[str, Sequence[float | None]]
    total: bool = False

    def document(self) -> list[dict[str, Any]]:
        """Return the sheet as plain data."""
        keys = [column.key for column in self.columns]
        return [
            {"name": name, **dict(zip(keys, values, strict=True))}
            for name, values in self.rows.items()
        ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run. `objections` is empty when it is proved; `conclusion` then says what is.

    `details` are further members of its JSON.
    """

    headline: str
    conclusion: str
    figures: Sequence[Figure] = ()
    sheets: Sequence[Sheet] = ()
    details: Mapping[str, Any] = field(default_factory=dict)
    objections: Sequence[str] = ()

    def value(self, key: str) -> float | None:
        """Return a figure's value. Raises KeyError."""
        return {figure.key: figure.value for figure in self.figures}[key]

    def sheet(self, key: str) -> Sheet:
        """Return a sheet. Raises KeyError."""
        return {sheet.key: sheet for sheet in self.sheets}[key]

    def document(self) -> dict[str, Any]:
        """Return the run as plain data."""
        return {
            **self.details,
            **{figure.key: figure.value for figure in self.figures},
            **{sheet.key: sheet.document() for sheet in self.sheets},
            "objections": list(self.objections),
        }


def merged(sheets: Sequence[Sheet]) -> Sheet:
    """Return one sheet of those that runs have under the same key; rows may come and go."""
    first = sheets[0]
    names = dict.fromkeys(name for sheet in sheets for name in sheet.rows)
    rows = {
        name: [
            _merged(column.merge, [sheet.rows[name][at] for sheet in sheets if name in sheet.rows])
            for at, column in enumerate(first.columns)
        ]
        for name in names
    }
    return Sheet(first.key, first.title, first.columns, rows, first.total)


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median, or None when a run lacks the value."""
    return _merged(median, values)


def _merged(merge: Merge, values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return merge(known) if known and len(known) == len(values) else None
