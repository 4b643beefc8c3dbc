"""The contrast of the page's colours (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""

import re

import pytest

from functions.report_dashboard.assets import FOLDER

TEXTS = ("ink", "muted", "accent", "good", "bad")
MARKS = ("control", "facebook-top", "facebook-bottom", "tiktok-top", "tiktok-bottom")
BLOCKS = re.findall(r"\{([^{}]*--surface[^{}]*)\}", (FOLDER / "colours.css").read_text())
THEMES = {
    name: dict(re.findall(r"--([\w-]+): #(\w{6});", block))
    for name, block in zip(("light", "dark", "dark by the system"), BLOCKS, strict=True)
}


def luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_everything_stands_out(theme: str) -> None:
    colours = THEMES[theme]
    for text in TEXTS:
        assert contrast(colours[text], colours["surface"]) >= 4.5, text
    for ground in ("ground", "sunken"):
        assert contrast(colours["muted"], colours[ground]) >= 4.5, ground
    assert contrast(colours["on-accent"], colours["accent"]) >= 4.5
    assert contrast(colours["bad"], colours["bad-ground"]) >= 4.5
    for mark in MARKS:
        assert contrast(colours[mark], colours["surface"]) >= 3, mark


@pytest.mark.parametrize("theme", THEMES)
def test_the_stages_of_a_source_differ_in_lightness(theme: str) -> None:
    colours = THEMES[theme]
    for source in ("facebook", "tiktok"):
        assert contrast(colours[f"{source}-top"], colours[f"{source}-bottom"]) >= 1.9


def test_dark_is_dark_however_it_was_chosen() -> None:
    assert THEMES["dark"] == THEMES["dark by the system"]
