import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.reports import negotiation
from shared.reports.events import EVENTS
from shared.reports.negotiation import choose_format

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        (None, "json"),
        ("", "json"),
        ("*/*", "json"),
        (BROWSER, "json"),
        ("application/*", "json"),
        ("text/*", "csv"),
        ("TEXT/CSV; charset=utf-8", "csv"),
        ("application/x-ndjson", "ndjson"),
        ("application/vnd.apache.parquet", "parquet"),
        ("text/csv;q=0.5, application/json;q=0.4", "csv"),
        ("text/csv;q=0.5, application/json;q=0.6", "json"),
        ("application/json;q=0, */*", "csv"),
        ("*/*;q=0.1, text/csv;q=0.2", "csv"),
        ("text/csv;level=1;q=0.9, */*;q=0.1", "csv"),
        ("text/csv;q=nonsense, application/json;q=0.001", "json"),
    ],
)
def test_the_best_liked_form(accept: str | None, chosen: str) -> None:
    assert choose_format(accept) == chosen


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "*/*;q=0", ";", "json"])
def test_no_form_that_is_accepted(accept: str) -> None:
    with pytest.raises(Problem) as caught:
        choose_format(accept)
    assert caught.value.kind.status == 406
    assert "text/csv" in caught.value.extensions["allowed"]  # type: ignore[operator]


def test_the_parameter_goes_before_the_header() -> None:
    assert EVENTS.read("format=csv", "application/json").format == "csv"
    assert EVENTS.read("format=json", "text/html").format == "json"


def test_parquet_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(negotiation, "find_spec", lambda _name: None)
    negotiation.has_parquet.cache_clear()
    try:
        with pytest.raises(Problem) as caught:
            EVENTS.read("format=parquet", None)
        assert "pip install 'hookstream[parquet]'" in caught.value.detail
        with pytest.raises(Problem):
            choose_format("application/vnd.apache.parquet")
        assert choose_format("application/vnd.apache.parquet, */*;q=0.1") == "json"
    finally:
        negotiation.has_parquet.cache_clear()


@given(st.text())
def test_any_header_is_answered(accept: str) -> None:
    try:
        assert choose_format(accept) in negotiation.FORMATS
    except Problem as problem:
        assert problem.kind.code == "not_acceptable"
