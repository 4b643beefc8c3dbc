from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Problem
from shared.events.model import EVENT_TYPES
from shared.reports.demographics import DEMOGRAPHICS
from shared.reports.events import EVENTS
from shared.reports.report import Report
from shared.reports.revenue import REVENUE
from shared.reports.selection import Selection

NAMES = [parameter.name for parameter in EVENTS.parameters]
DEFAULT = ("source", "funnelStage", "eventType")
DIMENSIONS = ["source", "funnelStage", "eventType", "country", "campaignId", "device"]


def read(query: str, report: Report = EVENTS, accept: str | None = None) -> Selection:
    return report.read(query, accept)


def refusal(query: str, report: Report = EVENTS) -> Problem:
    with pytest.raises(Problem) as caught:
        read(query, report)
    assert caught.value.kind.code == "invalid_parameter"
    assert caught.value.kind.status == 400
    return caught.value


def test_nothing_is_everything() -> None:
    selection = read("")
    assert selection == Selection(group_by=DEFAULT, format="json")
    assert selection.sources == ["facebook", "tiktok"]
    assert selection.types == list(EVENT_TYPES)
    question = selection.question()
    assert (question.countries, question.campaigns, question.types) == (None, None, EVENT_TYPES)
    assert selection.page("events").limit == 1_000


def test_all_parameters() -> None:
    query = urlencode(
        {
            "from": "2026-01-01",
            "to": "2026-02-01T00:00:00+01:00",
            "source": "facebook",
            "funnelStage": "bottom",
            "eventType": "ad.click",
            "campaignId": "camp 1&2, 3",
            "country": "Côte d'Ivoire",
            "groupBy": "device,country",
            "interval": "1d",
            "timezone": "Etc/GMT+5",
            "limit": "10000",
            "format": "ndjson",
        }
    )
    assert read(query, accept="text/csv") == Selection(
        start=datetime(2026, 1, 1, tzinfo=UTC),
        end=datetime(2026, 1, 31, 23, tzinfo=UTC),
        source=frozenset({"facebook"}),
        funnel_stage=frozenset({"bottom"}),
        event_type=frozenset({"ad.click"}),
        campaign_id=frozenset({"camp 1&2, 3"}),
        country=frozenset({"Côte d'Ivoire"}),
        group_by=("device", "country"),
        interval="1d",
        zone=ZoneInfo("Etc/GMT+5"),
        limit=10_000,
        format="ndjson",
    )


def test_repeated_filters_are_alternatives() -> None:
    selection = read(
        "source=tiktok&source=facebook&eventType=comment&eventType=purchase&country=A&country=B"
    )
    assert selection.sources == ["facebook", "tiktok"]
    assert [kind.id for kind in selection.types] == [3, 11, 13]
    assert selection.question().countries == frozenset("AB")
    earning = selection.question(earning=True)
    assert [kind.name for kind in earning.types] == ["purchase"]


@pytest.mark.parametrize(
    "query",
    ["groupBy=country&groupBy=device", "groupBy=country,device", "groupBy=country,device,country"],
)
def test_dimensions_are_repeated_or_separated_by_commas(query: str) -> None:
    assert read(query).group_by == ("country", "device")


def test_an_event_types_name_matches_in_every_source() -> None:
    types = read("eventType=comment").types
    assert [kind.source for kind in types] == ["facebook", "tiktok"]


def test_what_cannot_exist_selects_nothing() -> None:
    assert read("source=tiktok&eventType=ad.view").types == []
    assert read("funnelStage=top&eventType=purchase").types == []


def test_a_zones_plus_sign_may_come_unescaped() -> None:
    assert read("timezone=Etc/GMT+5").zone == ZoneInfo("Etc/GMT+5")


def test_reports_take_what_they_declare() -> None:
    assert read("", REVENUE).group_by == ("source", "eventType")
    assert read("groupBy=purchasedItem", REVENUE).group_by == ("purchasedItem",)
    assert refusal("groupBy=purchasedItem").extensions["allowed"] == DIMENSIONS
    assert refusal("interval=1d", DEMOGRAPHICS).extensions["parameter"] == "interval"
    assert "groupBy" not in refusal("groupBy=source", DEMOGRAPHICS).extensions["allowed"]  # type: ignore[operator]


@pytest.mark.parametrize(
    ("query", "parameter", "allowed"),
    [
        ("source=google", "source", ["facebook", "tiktok"]),
        ("source=", "source", ["facebook", "tiktok"]),
        ("source=Facebook", "source", ["facebook", "tiktok"]),
        ("source=facebook,tiktok", "source", ["facebook", "tiktok"]),
        ("source=facebook&source=google", "source", ["facebook", "tiktok"]),
        ("funnelStage=middle", "funnelStage", ["top", "bottom"]),
        ("format=xml", "format", ["json", "csv", "ndjson", "parquet"]),
        ("groupBy=", "groupBy", DIMENSIONS),
        ("groupBy=source,", "groupBy", DIMENSIONS),
        ("groupBy=colour", "groupBy", DIMENSIONS),
        ("interval=1h&interval=1h", "interval", ["15m", "1h", "1d", "1w", "1M"]),
        ("interval=1m", "interval", ["15m", "1h", "1d", "1w", "1M"]),
        ("limit=0", "limit", ["1", "10000"]),
        ("limit=10001", "limit", ["1", "10000"]),
        ("limit=-1", "limit", ["1", "10000"]),
        ("limit=1.0", "limit", ["1", "10000"]),
        ("limit=٣", "limit", ["1", "10000"]),
        ("limit=" + "9" * 5_000, "limit", ["1", "10000"]),
        ("colour=red", "colour", NAMES),
        ("Source=facebook", "Source", NAMES),
    ],
)
def test_refusals_name_the_parameter_and_what_is_allowed(
    query: str, parameter: str, allowed: list[str]
) -> None:
    assert refusal(query).extensions == {"parameter": parameter, "allowed": allowed}


@pytest.mark.parametrize(
    "zone",
    [
        "",
        "UTCX",
        "utc",
        "../UTC",
        "/etc/passwd",
        "Europe/../UTC",
        "Europe",
        "x" * 65,
        "\0",
        ".",
        "zone.tab",
    ],
)
def test_zones_are_names_and_never_paths(zone: str) -> None:
    assert refusal(urlencode({"timezone": zone})).extensions["parameter"] == "timezone"


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
        "&".join(f"country={number}" for number in range(10_000)),
        "source",
        "x" * 5000 + "=1",
    ],
)
def test_more_refusals(query: str) -> None:
    assert len(refusal(query).document()) < 2000


def test_an_empty_range_is_allowed() -> None:
    selection = read("from=2026-01-01&to=2026-01-01")
    assert selection.start == selection.end


@given(
    st.text() | st.lists(st.tuples(st.sampled_from(NAMES) | st.text(), st.text())).map(urlencode)
)
def test_any_query_string_is_read_or_refused(query: str) -> None:
    codes = {"read"}
    try:
        read(query)
    except Problem as problem:
        codes = {problem.kind.code}
    assert codes <= {"read", "invalid_parameter"}
