from datetime import UTC, datetime
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.events.model import EVENT_TYPES
from shared.reports.parameters import PARAMETERS, Selection, read_selection

NAMES = [parameter.name for parameter in PARAMETERS]


def refusal(query: str) -> Problem:
    with pytest.raises(Problem) as caught:
        read_selection(query)
    assert caught.value.kind.code == "invalid_parameter"
    assert caught.value.kind.status == 400
    return caught.value


def test_nothing_is_everything() -> None:
    selection = read_selection("")
    assert selection == Selection()
    assert selection.sources == ["facebook", "tiktok"]
    assert selection.types == list(EVENT_TYPES)


def test_all_parameters() -> None:
    query = urlencode(
        {
            "from": "2026-01-01",
            "to": "2026-02-01T00:00:00+01:00",
            "source": "facebook",
            "funnelStage": "bottom",
            "eventType": "ad.click",
            "campaignId": "camp 1&2",
            "country": "Côte d'Ivoire",
            "format": "json",
        }
    )
    assert read_selection(query) == Selection(
        start=datetime(2026, 1, 1, tzinfo=UTC),
        end=datetime(2026, 1, 31, 23, tzinfo=UTC),
        source="facebook",
        funnel_stage="bottom",
        event_type="ad.click",
        campaign_id="camp 1&2",
        country="Côte d'Ivoire",
    )


def test_an_event_types_name_matches_in_every_source() -> None:
    types = read_selection("eventType=comment").types
    assert [kind.source for kind in types] == ["facebook", "tiktok"]


def test_what_cannot_exist_selects_nothing() -> None:
    assert read_selection("source=tiktok&eventType=ad.view").types == []
    assert read_selection("funnelStage=top&eventType=purchase").types == []


@pytest.mark.parametrize(
    ("query", "parameter", "allowed"),
    [
        ("source=google", "source", ["facebook", "tiktok"]),
        ("source=", "source", ["facebook", "tiktok"]),
        ("source=Facebook", "source", ["facebook", "tiktok"]),
        ("funnelStage=middle", "funnelStage", ["top", "bottom"]),
        ("format=xml", "format", ["json"]),
        ("colour=red", "colour", NAMES),
        ("Source=facebook", "Source", NAMES),
        ("source=facebook&source=tiktok", "source", ["facebook", "tiktok"]),
    ],
)
def test_refusals_name_the_parameter_and_what_is_allowed(
    query: str, parameter: str, allowed: list[str]
) -> None:
    assert refusal(query).extensions == {"parameter": parameter, "allowed": allowed}


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-01-01T00:00:00",
        "from=2026-01-02&to=2026-01-01",
        "from=2026-01-01&from=2026-01-01",
        "eventType=",
        "campaignId=",
        "country=%00",
        "country=" + "x" * 2000,
        "country=%ff",
        "%ff=1",
        "&".join(f"p{number}=1" for number in range(10_000)),
        "source",
        "x" * 5000 + "=1",
    ],
)
def test_more_refusals(query: str) -> None:
    assert len(refusal(query).document()) < 2000


def test_an_empty_range_is_allowed() -> None:
    selection = read_selection("from=2026-01-01&to=2026-01-01")
    assert selection.start == selection.end


@given(
    st.text() | st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), st.text())).map(urlencode)
)
def test_any_query_string_is_read_or_refused(query: str) -> None:
    codes = {"read"}
    try:
        read_selection(query)
    except Problem as problem:
        codes = {problem.kind.code}
    assert codes <= {"read", "invalid_parameter"}
