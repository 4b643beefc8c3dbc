import base64
import json
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.reports.cursors import read_cursor, write_cursor
from shared.reports.events import EVENTS
from shared.reports.questions import Tally
from shared.reports.report import Report
from shared.reports.revenue import REVENUE
from shared.reports.selection import Selection


def selected(query: str, report: Report = EVENTS) -> Selection:
    return report.read(query, None)


def cursor(query: str, last: Tally, report: Report = EVENTS) -> str:
    selection = selected(query, report)
    return write_cursor(selection, selection.page(report.by), last)


def encoded(content: object) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@given(
    st.tuples(st.none() | st.text(), st.none() | st.text()),
    st.integers(0, 10**17),
    st.decimals(0, 10**15, places=4),
)
def test_a_cursor_brings_back_the_last_group(
    key: tuple[str | None, str | None], events: int, revenue: Decimal
) -> None:
    for report, last in (
        (EVENTS, Tally(key, events, 0, Decimal(0))),
        (REVENUE, Tally(key, 0, 0, revenue)),
    ):
        query = "groupBy=country,source"
        text = cursor(query, last, report)
        again = selected(f"{query}&limit=7&format=csv&cursor={text}", report)
        assert again.page(report.by).after == last
        assert text.isascii()


@pytest.mark.parametrize(
    "other",
    ["groupBy=source", "groupBy=country&source=tiktok", "groupBy=country&from=2026-01-01",
     "groupBy=country&country=A", "groupBy=country,source"],
)  # fmt: skip
def test_a_cursor_is_of_one_question(other: str) -> None:
    text = cursor("groupBy=country", Tally(("A",), 1, 0, Decimal(0)))
    with pytest.raises(Problem) as caught:
        selected(f"{other}&cursor={text}")
    assert caught.value.extensions["parameter"] == "cursor"


def test_a_cursors_key_has_the_questions_dimensions() -> None:
    text = cursor("groupBy=country", Tally(("A", "B"), 1, 0, Decimal(0)))
    with pytest.raises(Problem):
        selected(f"groupBy=country&cursor={text}")


@pytest.mark.parametrize("by", ["events", "revenue"])
@pytest.mark.parametrize(
    "text",
    ["", "x", "é", "====", "A" * 10_000, encoded([]), encoded(["d", 1, []]),
     encoded(["d", "-1", []]), encoded(["d", "1e9", []]), encoded(["d", "NaN", []]),
     encoded(["d", "9" * 31, []]), encoded(["d", "1", [2]]), encoded("[" * 3_000),
     encoded('["d","1",["\\ud800"]]')],
)  # fmt: skip
def test_what_is_no_cursor_is_refused(text: str, by: Literal["events", "revenue"]) -> None:
    with pytest.raises(ValueError, match=r"nextCursor|long"):
        read_cursor(text, by)


@given(st.text() | st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        read_cursor(text, "events")
    except ValueError as error:
        assert str(error).startswith("is ")
