"""The dashboard in a real browser before a real stack with 20,000 published events."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsers import Tab, chromium
from builders import facebook, tiktok
from playwright.sync_api import Browser
from stack import Stack, until

EVENTS = 20_000
CHARTS = ("events", "revenue")
CARDS = (
    *("events", "funnel", "revenue", "items", "campaigns-ranked", "ages", "genders"),
    *("followers", "devices", "countries", "cities"),
)
NAUGHTY = "<img src=x onerror=alert(1)>"

OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def published(stack: Stack, browser: Browser) -> Stack:
    """Publish realistic events of the last day, and one purchase with a name that is markup."""
    assert browser.is_connected()
    stack.command("publish", "--number", str(EVENTS - 1), "--seed", "7")
    event = facebook("checkout.complete", campaignId=NAUGHTY, purchaseAmount="99999.99")
    assert stack.post(event).json()["accepted"] == 1
    stack.settle(EVENTS)
    return stack


@pytest.fixture
def open_tab(published: Stack, browser: Browser) -> Iterator[OpenTab]:
    """Return what opens a tab; without another range, it shows everything."""
    tabs: list[Tab] = []

    def opened(query: str = "?range=all", **options: Any) -> Tab:  # noqa: ANN401 - playwright's own
        tab = Tab(browser, published.urls["gateway"], **options)
        tabs.append(tab)
        tab.open(query)
        return tab

    yield opened
    for tab in tabs:
        tab.close()


def asked(tab: Tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.page.url).query)


def grouped(number: int) -> str:
    return f"{number:,}"


def test_everything_is_drawn_and_nothing_complains(open_tab: OpenTab, published: Stack) -> None:
    tab = open_tab()
    assert tab.page.locator(".state:visible").count() == 0
    for chart in CHARTS:
        assert tab.colours(chart) >= 4
    for card in ("items", "campaigns-ranked", "ages", "countries", "cities", "funnel"):
        assert tab.page.locator(f"#{card} .bars tbody tr").count() >= 3
    assert tab.figure("events-total") == grouped(EVENTS)
    revenue = Decimal(published.report("revenue")["totalRevenue"])
    assert Decimal(tab.figure("revenue-total").replace(",", "")) == revenue
    assert tab.figure("conversion").endswith("%")
    assert tab.complaints() == []


def test_the_names_of_the_page_lead_to_it(open_tab: OpenTab, published: Stack) -> None:
    tab = open_tab()
    for path in ("/dashboard", "/function/report-dashboard", "/reports/dashboard"):
        tab.open("?range=7d&source=tiktok", path=path)
        assert urlsplit(tab.page.url).path == "/function/report-dashboard/"
        assert (asked(tab)["range"], asked(tab)["source"]) == (["7d"], ["tiktok"])
    assert published.urls["gateway"] in tab.page.url


def test_filters_change_the_figures_and_the_address(open_tab: OpenTab, published: Stack) -> None:
    tab = open_tab()
    everything = tab.figure("events-total")
    steps = [
        ("source", "facebook", {"source": "facebook"}),
        ("funnelStage", "bottom", {"funnelStage": "bottom"}),
        ("eventType", "checkout.complete", {"eventType": "checkout.complete"}),
    ]
    wanted: dict[str, str] = {}
    for name, value, parameters in steps:
        wanted |= parameters
        tab.page.select_option(f"select[name={name}]", value)
        expected = grouped(published.report("events", **wanted)["totalEvents"])
        until(lambda expected=expected: tab.figure("events-total") == expected)  # type: ignore[misc]
        assert asked(tab)[name] == [value]
    tab.page.fill("input[name=country]", "Ukraine")
    tab.page.press("input[name=country]", "Enter")
    expected = grouped(published.report("events", **wanted, country="Ukraine")["totalEvents"])
    until(lambda: tab.figure("events-total") == expected)
    tab.page.go_back()
    until(lambda: "country" not in asked(tab))
    assert tab.page.input_value("input[name=country]") == ""
    tab.page.click("#reset")
    tab.page.locator("#ranges label", has_text="All").click()
    until(lambda: tab.figure("events-total") == everything)
    assert tab.complaints() == []


def test_a_filter_by_campaign_offers_the_campaigns_and_shows_markup_as_text(
    open_tab: OpenTab,
) -> None:
    tab = open_tab()
    tab.page.focus("input[name=campaignId]")
    until(lambda: tab.page.locator("#campaigns option").count() > 3)
    assert NAUGHTY in tab.text("#campaigns-ranked .bars tbody tr >> nth=0")
    tab.page.fill("input[name=campaignId]", NAUGHTY)
    tab.page.press("input[name=campaignId]", "Enter")
    until(lambda: tab.figure("events-total") == "1")
    until(lambda: tab.figure("revenue-total") == "99,999.99")
    assert tab.page.locator("main img").count() == 0
    assert tab.complaints() == []


def test_a_url_shows_the_same_to_everyone(open_tab: OpenTab) -> None:
    state = {
        "range": "custom",
        "from": "2026-01-01T06:07:08",
        "to": "2036-01-01T12:30:15",
        "source": "facebook",
        "funnelStage": "bottom",
        "eventType": "ad.click",
        "campaignId": "camp-1 & more",
        "country": "Côte d'Ivoire",
        "interval": "1w",
        "timezone": "Asia/Kathmandu",
        "refresh": "off",
    }
    tab = open_tab(f"?{httpx2.QueryParams(state)}")
    assert {name: value for name, [value] in asked(tab).items()} == state
    shown = {
        name: tab.page.input_value(f"[name={name}]") for name in state.keys() - {"range", "refresh"}
    }
    assert shown == {name: value for name, value in state.items() if name in shown}
    assert tab.page.is_checked("input[name=range][value=custom]")
    assert tab.text("#refresh") == "Auto-refresh is off"
    # Half past twelve in Kathmandu, which is 5:45 ahead.
    assert any("to=2036-01-01T06%3A45%3A15.000Z" in url for url in tab.reports(200))


@pytest.mark.parametrize(
    "query", ["?range=soon&source=x&timezone=Moon&interval=2h&from=x", "?%ff=&a"]
)
def test_an_address_that_says_nothing_is_the_default(open_tab: OpenTab, query: str) -> None:
    tab = open_tab(query)
    assert asked(tab) == {"range": ["24h"], "timezone": ["Europe/Berlin"]}
    assert tab.complaints() == []


def test_new_events_are_shown_within_15_seconds(open_tab: OpenTab, published: Stack) -> None:
    tab = open_tab()
    before = int(tab.figure("events-total").replace(",", ""))
    sent = [facebook(), tiktok("purchase")]
    assert published.post(sent).json()["accepted"] == 2
    until(lambda: tab.figure("events-total") == grouped(before + 2), timeout=15)
    until(lambda: tab.reports(304) != [], timeout=15)
    assert tab.complaints() == []


def test_refreshing_is_paused_while_the_reader_wants(open_tab: OpenTab) -> None:
    tab = open_tab("?range=all&refresh=off")
    for _ in range(2):
        tab.settle()
        seen = len(tab.answers())
        tab.page.wait_for_timeout(12_000)
        assert len(tab.answers()) == seen
        tab.page.click("#refresh")
        until(lambda seen=seen: len(tab.answers()) > seen)  # type: ignore[misc]
        assert "refresh" not in asked(tab)
        tab.page.click("#refresh")
        assert asked(tab)["refresh"] == ["off"]


def test_each_chart_has_its_figures_as_csv(open_tab: OpenTab) -> None:
    tab = open_tab("?range=24h&source=facebook")
    links = {card: tab.page.locator(f"#{card} a.csv").get_attribute("href") or "" for card in CARDS}
    base = tab.page.url
    for card, link in links.items():
        answer = httpx2.get(httpx2.URL(base).join(link), timeout=30)
        assert answer.status_code == 200, f"{card}: {answer.text}"
        assert answer.headers["content-type"].startswith("text/csv")
        assert answer.text.count("\n") >= 1
    with tab.page.expect_download() as download:
        tab.page.click("#events a.csv")
    assert download.value.suggested_filename == "events.csv"


def test_charts_have_a_table_and_answer_to_keys(open_tab: OpenTab) -> None:
    tab = open_tab("?range=24h&timezone=UTC")
    tab.page.click("#events summary")
    rows = tab.page.locator("#events .figures tbody tr")
    until(lambda: rows.count() >= 24)
    totals = [
        int(cell.replace(",", "")) for cell in rows.locator("td:last-child").all_inner_texts()
    ]
    assert grouped(sum(totals)) == tab.figure("events-total")
    tab.page.focus("#events .chart")
    tab.page.keyboard.press("ArrowRight")
    assert "Total" in tab.text("#events .tip")
    first = tab.text("#events .tip .when")
    tab.page.keyboard.press("ArrowRight")
    assert tab.text("#events .tip .when") != first
    tab.page.keyboard.press("Escape")
    assert not tab.page.is_visible("#events .tip")


def test_dragging_over_bars_zooms(open_tab: OpenTab) -> None:
    tab = open_tab("?range=all&refresh=off")

    def dragged() -> bool:
        """Drag where the chart is now: what is above it may still have grown."""
        box = tab.page.locator("#events .u-over").bounding_box()
        assert box is not None
        middle = box["y"] + box["height"] / 2
        tab.page.mouse.move(box["x"] + box["width"] * 0.4, middle)
        tab.page.mouse.down()
        tab.page.mouse.move(box["x"] + box["width"] * 0.8, middle, steps=5)
        tab.page.mouse.up()
        return asked(tab)["range"] == ["custom"]

    until(dragged)
    assert asked(tab)["from"] < asked(tab)["to"]


def test_the_time_zone_moves_the_calendar(open_tab: OpenTab) -> None:
    starts = {}
    for zone in ("UTC", "Asia/Tokyo"):
        tab = open_tab(f"?range=all&interval=1h&timezone={zone}")
        tab.page.click("#events summary")
        starts[zone] = tab.text("#events .figures tbody th >> nth=0")
        assert tab.text("#zone") == zone
    assert starts["UTC"] != starts["Asia/Tokyo"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 360])
def test_everyone_can_use_it(open_tab: OpenTab, scheme: str, width: int) -> None:
    tab = open_tab(color_scheme=scheme, viewport={"width": width, "height": 900})
    assert tab.complaints() == []
    for summary in tab.page.locator("summary:visible").all():
        summary.click()
    if width == 360:
        tab.page.click("#more")
    found = Axe().run(tab.page).response["violations"]
    assert [
        (each["id"], each["impact"], [node["html"] for node in each["nodes"]][:3])
        for each in found
        if each["impact"] in {"serious", "critical"}
    ] == []
    assert tab.width() <= width


def test_the_theme_is_kept(open_tab: OpenTab) -> None:
    tab = open_tab(color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = tab.page.evaluate(ground)
    tab.page.click("#theme")
    dark = tab.page.evaluate(ground)
    assert dark != light
    tab.page.reload()
    tab.settle()
    assert tab.page.evaluate(ground) == dark


def test_the_keyboard_reaches_the_figures_first(open_tab: OpenTab) -> None:
    tab = open_tab()
    tab.page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert tab.page.evaluate(f"{focused}.textContent") == "Skip to the figures"
    outline = tab.page.evaluate(f"getComputedStyle({focused}).outlineStyle")
    assert outline == "solid"
    tab.page.keyboard.press("Enter")
    assert tab.page.evaluate(f"{focused}.id") == "cards"


def test_an_empty_selection_says_what_to_do(open_tab: OpenTab) -> None:
    tab = open_tab("?range=24h&country=Atlantis")
    for card in CARDS:
        assert "fewer filters" in tab.text(f"#{card} .state.empty")
    assert tab.figure("events-total") == "0"
    assert tab.complaints() == []


def test_a_refused_question_shows_the_problem(open_tab: OpenTab) -> None:
    tab = open_tab("?range=custom&from=2026-02-01T00:00&to=2026-01-01T00:00")
    for card in CARDS:
        shown = tab.text(f"#{card} .state.failed")
        assert "A parameter is unknown or its value is not allowed" in shown
        assert "`from` is after `to`" in shown


def test_the_pipeline_is_shown(open_tab: OpenTab, published: Stack) -> None:
    assert published.post([{"source": "tiktok"}, facebook()]).json()["rejected"] == 1
    tab = open_tab()
    until(lambda: "Complete up to" in tab.text("#freshness"))
    until(lambda: tab.page.locator("#pipeline .tiles dd.figure").nth(3).inner_text() == "1", 20)
    assert tab.page.locator("#pipeline .functions li").count() == len(
        published.status()["functions"]
    )
    assert "webhook-ingest 1" in tab.text("#pipeline .functions")


def test_a_gateway_that_goes_away_is_told_and_comes_back(
    open_tab: OpenTab, published: Stack
) -> None:
    tab = open_tab()
    total = tab.figure("events-total")
    port = urlsplit(published.urls["gateway"]).port
    published.down()
    until(lambda: tab.page.locator(".state.failed:visible").count() >= len(CARDS), timeout=60)
    assert "The gateway does not answer" in tab.text("#events .state")
    published.command("up", "--detach", "--json", "--port", str(port))
    tab.page.locator("#events .state button").click()
    until(lambda: tab.figure("events-total") == total, timeout=60)
    until(lambda: tab.page.locator(".state.failed:visible").count() == 0, timeout=60)
