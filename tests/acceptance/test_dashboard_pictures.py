"""Pictures of the dashboard; `make screenshots` keeps the first of them for the README."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import Tab, chromium
from playwright.sync_api import Browser
from stack import Stack

FOLDER = os.environ.get("SCREENSHOTS")
MOST_BYTES = 300_000
HEIGHT = 1010

PICTURES: dict[str, dict[str, Any]] = {
    "dashboard": {"color_scheme": "light", "viewport": {"width": 1400, "height": HEIGHT}},
    "dashboard-dark": {"color_scheme": "dark", "viewport": {"width": 1400, "height": HEIGHT}},
    "dashboard-phone": {"color_scheme": "light", "viewport": {"width": 360, "height": HEIGHT}},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def published(stack: Stack, browser: Browser) -> Stack:
    assert browser.is_connected()
    stack.command("publish", "--number", "20000", "--seed", "5")
    return stack


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_small_and_not_blank(
    name: str, published: Stack, browser: Browser, tmp_path: Path
) -> None:
    tab = Tab(browser, published.urls["gateway"], **PICTURES[name])
    tab.open("?range=24h&timezone=Europe/Kyiv")
    path = tmp_path / f"{name}.png"
    picture = tab.page.screenshot(path=path)
    width, height = struct.unpack(">II", picture[16:24])
    assert (width, height) == tuple(PICTURES[name]["viewport"].values())
    assert 15_000 < len(picture) < MOST_BYTES
    if FOLDER and name == "dashboard":
        Path(FOLDER).joinpath(f"{name}.png").write_bytes(picture)
    tab.close()
