"""From the command line's values to predictions."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from infra.planning.costs import Costs, CostsError
from infra.planning.layout import LAYOUTS, Layout
from infra.planning.prediction import Prediction, Work, predict

_LAYOUT: Final = {field.name for field in fields(Layout)}
_WHOLE: Final = {field.name for field in fields(Layout) if field.type is int}
_COSTS: Final = {field.name for field in fields(Costs)}


class PlanError(Exception):
    """What was asked for cannot be planned; the message says why."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A layout with its name, and what was predicted for it."""

    name: str
    layout: Layout
    prediction: Prediction

    def document(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "layout": self.name,
            "cores": self.layout.cores,
            "eventsPerSecond": round(self.prediction.rate),
            "limit": self.prediction.limit,
            "busy": {name: round(share, 3) for name, share in self.prediction.busy.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """The options of `hookstream plan`: `changes` are NAME=VALUE of a layout's fields or costs'."""

    layouts: Sequence[str]
    work: Work
    events: int
    costs: Path | None
    changes: Sequence[str]

    def plans(self) -> Iterator[Plan]:
        """Yield the plans one after the other. Raises PlanError."""
        costs, changes = self._costs(), _parsed(self.changes)
        costs = replace(costs, **_of(_COSTS, changes))
        for name in self.layouts or LAYOUTS:
            if name not in LAYOUTS:
                raise PlanError(f"{name!r} is none of {', '.join(LAYOUTS)}")
            layout = replace(LAYOUTS[name], **_of(_LAYOUT, changes))
            yield Plan(name, layout, predict(layout, costs, self.work, self.events))

    def _costs(self) -> Costs:
        if self.costs is None:
            return Costs()
        try:
            return Costs.of_document(msgspec.json.decode(self.costs.read_bytes()))
        except (OSError, msgspec.DecodeError, CostsError) as error:
            raise PlanError(f"{self.costs}: {error}") from error


def _parsed(changes: Sequence[str]) -> dict[str, float]:
    parsed: dict[str, float] = {}
    for change in changes:
        name, _, text = change.partition("=")
        name = name.replace("-", "_")
        if name not in _LAYOUT | _COSTS:
            raise PlanError(f"{name!r} is none of {', '.join(sorted(_LAYOUT | _COSTS))}")
        try:
            parsed[name] = _value(name, text)
        except ValueError as error:
            raise PlanError(f"{change!r} is not NAME=NUMBER, or there cannot be so many") from error
    return parsed


def _value(name: str, text: str) -> float:
    """Return a number that a layout or its costs can have. Raises ValueError."""
    value = int(text) if name in _WHOLE else float(text)
    if not math.isfinite(value) or value < 0 or (not value and name in _LAYOUT):
        raise ValueError(text)
    return value


def _of(names: Collection[str], changes: Mapping[str, float]) -> dict[str, Any]:
    return {name: value for name, value in changes.items() if name in names}
