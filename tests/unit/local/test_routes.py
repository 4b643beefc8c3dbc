import pytest

from infra.local.routes import Routes
from shared.errors import Problem

PAGE = b"/function/report-dashboard/"


@pytest.mark.parametrize(
    "sent",
    [
        b"/dashboard",
        b"/dashboard/",
        b"/reports/dashboard",
        b"/reports/dashboard/",
        b"/function/report-dashboard",
    ],
)
def test_the_dashboard_has_one_address(sent: bytes) -> None:
    routes = Routes({"report-dashboard": None})
    assert routes.elsewhere(sent) == PAGE
    assert routes.elsewhere(sent + b"?range=7d&source=tiktok") == PAGE + b"?range=7d&source=tiktok"


@pytest.mark.parametrize(
    "sent",
    [PAGE, PAGE + b"?range=7d", PAGE + b"pipeline", b"/dashboard/x", b"/function/echo", b"/"],
)
def test_other_addresses_are_what_they_are(sent: bytes) -> None:
    assert Routes({"report-dashboard": None, "echo": None}).elsewhere(sent) is None


def test_without_the_function_nothing_leads_to_it() -> None:
    routes = Routes({"echo": None})
    assert routes.elsewhere(b"/dashboard") is None
    with pytest.raises(Problem, match="not_found"):
        routes.find(b"/dashboard")
