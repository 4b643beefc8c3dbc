"""Line charts as SVG: a few panels below each other over the same horizontal axis.

No background and two sets of ink, so that they read on light pages and on dark ones.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import chain
from typing import Final

WIDTH: Final = 760
_PANEL: Final = 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 46, 24
_TICKS: Final = 5
_ALONE: Final = 2
"""Points from which on a line is drawn through them."""

_STYLE: Final = """\
text { font: 12px system-ui, sans-serif; fill: #444; }
.title { font-weight: 600; font-size: 13px; }
.grid { stroke: #8884; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
@media (prefers-color-scheme: dark) { text { fill: #ccc; } }
"""
_COLOURS: Final = ("#2f81d0", "#d9730d", "#2e9e5b", "#b15fc4", "#c9414b", "#8a8f3c")
"""Each has a contrast of at least 3 to white and to black."""


@dataclass(frozen=True, slots=True)
class Series:
    """A named line through points; a `faint` one is dashed and goes with the one before it."""

    name: str
    points: Sequence[tuple[float, float]]
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over one vertical axis, which begins at 0."""

    title: str
    series: Sequence[Series]


def svg(panels: Sequence[Panel], axis: str) -> str:
    """Return panels as an SVG document; `axis` says what goes to the right."""
    height = len(panels) * _PANEL + 24
    most = max((x for panel in panels for x, _ in _points(panel)), default=1.0)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(', '.join(panel.title for panel in panels))}</title>",
        f"<style>\n{_STYLE}</style>",
    ]
    for number, panel in enumerate(panels):
        lines.append(f'<g transform="translate(0 {number * _PANEL})">')
        lines.extend(_panel(panel, most))
        lines.append("</g>")
    lines.extend((_text(WIDTH - _RIGHT, height - 8, axis, anchor="end"), "</svg>"))
    return "\n".join(lines) + "\n"


def _panel(panel: Panel, most: float) -> Iterator[str]:
    across = _ticks(most)
    up = _ticks(max((y for _, y in _points(panel)), default=1.0))
    frame = _Frame(across[-1], up[-1])
    yield _text(_LEFT, 16, panel.title, kind="title")
    for y in up:
        at = frame.y(y)
        yield f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at}" y2="{at}"/>'
        yield _text(_LEFT - 8, at + 4, _number(y), anchor="end")
    for x in across:
        yield _text(frame.x(x), _PANEL - 6, _number(x), anchor="middle")
    colour, left = -1, float(_LEFT)
    for series in panel.series:
        colour += not series.faint
        ink = _COLOURS[max(0, colour) % len(_COLOURS)]
        stroke = f'stroke="{ink}"' + (' stroke-dasharray="4 4"' if series.faint else "")
        yield f'<polyline points="{left},30 {left + 16},30" {stroke}/>'
        yield _text(left + 22, 34, series.name)
        left += 40 + 7 * len(series.name)
        places = [(frame.x(x), frame.y(y)) for x, y in series.points]
        if len(places) >= _ALONE:
            way = " ".join(f"{x},{y}" for x, y in places)
            yield f'<polyline points="{way}" {stroke}/>'
        for x, y in places:
            yield f'<circle cx="{x}" cy="{y}" r="2.5" fill="{ink}"/>'


@dataclass(frozen=True, slots=True)
class _Frame:
    """From values to places in a panel."""

    most_x: float
    most_y: float

    def x(self, value: float) -> float:
        return round(_LEFT + value / self.most_x * (WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        return round(_PANEL - _BOTTOM - value / self.most_y * (_PANEL - _TOP - _BOTTOM), 1)


def _points(panel: Panel) -> Iterable[tuple[float, float]]:
    return chain.from_iterable(series.points for series in panel.series)


def _ticks(most: float) -> list[float]:
    """Return round numbers from 0 to at least `most`, about _TICKS of them."""
    most = most or 1.0
    rough = most / _TICKS
    power = 10 ** math.floor(math.log10(rough))
    step = power * next(each for each in (1, 2, 5, 10) if each * power >= rough * (1 - 1e-9))
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def _number(value: float) -> str:
    """Return a number in few characters."""
    for size, name in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{name}"
    return f"{value:g}"


def _text(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> str:
    given = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{given}>{escape(text)}</text>'
