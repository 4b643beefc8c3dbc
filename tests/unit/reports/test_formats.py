import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from shared.reports.answers import EventGroup, EventPoint, RevenueGroup, RevenuePoint
from shared.reports.formats import content_type, writer
from shared.reports.selection import Format
from shared.reports.tables import Rows, Table

EVENTS = Table(EventGroup, EventPoint)
REVENUE = Table(RevenueGroup, RevenuePoint)
NOON = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Berlin"))


def written(
    form: Format, table: Table, by: tuple[str, ...], *parts: Rows, series: bool = False
) -> bytes:
    made = writer(form, table.columns(by, series=series))
    return made.head() + b"".join(made.write(rows) for rows in parts) + made.end()


def test_columns_are_when_which_group_how_much() -> None:
    names = [column.name for column in REVENUE.columns(("country", "source"), series=True)]
    assert names == [
        "start", "country", "source", "totalRevenue", "transactionCount", "averageOrderValue",
    ]  # fmt: skip
    assert [column.name for column in EVENTS.columns((), series=False)][-1] == "count"


class _Inner(msgspec.Struct, rename="camel"):
    user_count: int


class _Nested(msgspec.Struct, rename="camel"):
    source: str
    top: _Inner
    types: list[_Inner]
    rate: float | None


def test_nested_members_are_columns_and_lists_are_not() -> None:
    columns = Table(_Nested).columns(("source",), series=False)
    assert [(column.name, column.kind) for column in columns] == [
        ("source", "text"), ("top.userCount", "integer"), ("rate", "number"),
    ]  # fmt: skip
    row = _Nested("facebook", _Inner(3), [], None)
    assert [column.of(row) for column in columns] == ["facebook", 3, None]


def test_csv() -> None:
    rows = [
        RevenuePoint(start=NOON, country='a "quoted", text', total_revenue="12.50",
                     transaction_count=2, average_order_value="6.25"),
        RevenuePoint(start=datetime(2026, 1, 1, tzinfo=UTC), country=None, total_revenue="0.00",
                     transaction_count=0, average_order_value=None),
    ]  # fmt: skip
    assert written("csv", REVENUE, ("country",), rows[:1], rows[1:], series=True) == (
        b"start,country,totalRevenue,transactionCount,averageOrderValue\r\n"
        b'2026-03-29T12:00:00+02:00,"a ""quoted"", text",12.50,2,6.25\r\n'
        b"2026-01-01T00:00:00Z,,0.00,0,\r\n"
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_texts_never_begin_a_formula(text: str) -> None:
    made = written("csv", EVENTS, ("country",), [EventGroup(country=text, count=1)])
    [_, row] = csv.reader(io.StringIO(made.decode(), newline=""))
    assert row == [f"'{text}", "1"]


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


@given(st.lists(st.tuples(st.none() | texts, st.integers(0, 10**12))))
def test_csv_reads_back(rows: list[tuple[str | None, int]]) -> None:
    groups = [EventGroup(country=text, count=count) for text, count in rows]
    made = written("csv", EVENTS, ("country",), groups).decode()
    [_, *again] = csv.reader(io.StringIO(made, newline=""))
    assert [(text.removeprefix("'"), int(count)) for text, count in again] == [
        ((text or "").removeprefix("'"), count) for text, count in rows
    ]


def test_ndjson() -> None:
    rows = [
        EventGroup(source="tiktok", country=None, count=1),
        EventGroup(source="facebook", count=2),
    ]
    assert written("ndjson", EVENTS, ("source",), rows[:1], rows[1:]) == (
        b'{"source":"tiktok","country":null,"count":1}\n{"source":"facebook","count":2}\n'
    )


def test_parquet() -> None:
    parts = [
        [RevenuePoint(start=NOON, country=text, total_revenue="12.5001", transaction_count=2,
                      average_order_value=None)]
        for text in ("=1", None)
    ]  # fmt: skip
    made = written("parquet", REVENUE, ("country",), *parts, series=True)
    table = parquet.read_table(io.BytesIO(made))
    assert table.num_rows == 2
    assert table.to_pylist()[0] == {
        "start": NOON,
        "country": "=1",
        "totalRevenue": Decimal("12.5001"),
        "transactionCount": 2,
        "averageOrderValue": None,
    }
    assert table.to_pylist()[1]["country"] is None


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_tables_without_rows(form: Format) -> None:
    made = written(form, EVENTS, ("source",), [])
    if form == "parquet":
        assert parquet.read_table(io.BytesIO(made)).column_names == ["source", "count"]
    else:
        assert made == (b"source,count\r\n" if form == "csv" else b"")


def test_content_types() -> None:
    assert content_type("csv") == "text/csv; charset=utf-8"
    assert content_type("parquet") == "application/vnd.apache.parquet"
