"""A real Chromium, and tabs that note whatever a page complains about."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright
from stack import until

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
_PATIENCE = 60.0
_NOTE_VIOLATIONS = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
_PAINTED = """
(canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  const colours = new Set();
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200) colours.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
  }
  return colours.size;
}
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium; skips the test where there is none."""
    found = [path for name in _NAMES if (path := shutil.which(name))]
    if not found:
        pytest.skip(f"no Chromium: none of {', '.join(_NAMES)} is on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found[0], args=list(_QUIET))
        yield browser
        browser.close()


class Tab:
    """A tab at the dashboard of a gateway; `complaints` is what the console and the policy said."""

    def __init__(self, browser: Browser, gateway: str, **options: Any) -> None:  # noqa: ANN401 - playwright's own
        chosen = {
            "viewport": {"width": 1400, "height": 1000},
            "locale": "en-GB",
            "timezone_id": "Europe/Berlin",
            **options,
        }
        self.context = browser.new_context(**chosen)
        self.context.add_init_script(_NOTE_VIOLATIONS)
        self.page: Page = self.context.new_page()
        self._answers: list[Response] = []
        self._gateway = gateway
        self._said: list[str] = []
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self._said.append(f"uncaught: {error}"))
        self.page.on("response", self._answered)

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self._said.append(f"{kind}: {text}")

    def _answered(self, response: Response) -> None:
        self._answers.append(response)

    def open(self, query: str = "", path: str = "/function/report-dashboard/") -> None:
        """Open the page and return when every card shows its answer."""
        self.page.goto(f"{self._gateway}{path}{query}")
        self.settle()

    def settle(self) -> None:
        """Return when no card waits for its first answer and no question is open."""
        until(lambda: self.page.locator("#cards > section").count() > 0, _PATIENCE)
        until(lambda: self.page.locator("body.asking, [aria-busy=true]").count() == 0, _PATIENCE)

    def complaints(self) -> list[str]:
        """Return what the page complained about, violations of its policy included."""
        return [*self._said, *self.page.evaluate("window.violations")]

    def text(self, selector: str) -> str:
        """Return the text that an element shows."""
        return self.page.locator(selector).inner_text()

    def figure(self, headline: str) -> str:
        """Return a headline's figure."""
        return self.text(f"#{headline} .figure")

    def colours(self, card: str) -> int:
        """Return how many colours are on a card's canvas."""
        return int(self.page.locator(f"#{card} canvas").evaluate(_PAINTED))

    def answers(self) -> list[Response]:
        """Return all answers that the page has had; asking lets playwright take them in."""
        self.page.evaluate("null")
        return list(self._answers)

    def reports(self, status: int) -> list[str]:
        """Return the URLs of reports that were answered with a status."""
        found = [answer.url for answer in self.answers() if answer.status == status]
        return [url for url in found if "/report-" in url and "dashboard" not in url]

    def width(self) -> int:
        """Return the width of what could be scrolled to."""
        return int(self.page.evaluate("document.documentElement.scrollWidth"))

    def close(self) -> None:
        """Close the tab."""
        self.context.close()
