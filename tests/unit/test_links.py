"""Pages link to files, folders and headings that there are."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def links(text: str) -> Iterator[tuple[str, str]]:
    """Yield the relative links of a page: path, "" for the page itself, and anchor."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^()\s]+)\)", prose):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def broken(page: Path, text: str) -> list[str]:
    found = []
    for path, anchor in links(text):
        target = page.parent / path if path else page
        if path and not target.exists():
            found.append(path)
        elif anchor and anchor not in anchors(text if target == page else target.read_text()):
            found.append(f"{path}#{anchor}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    assert broken(page, page.read_text()) == []


def test_a_link_to_nowhere_is_noticed() -> None:
    text = "# A b\n[x](none.md) [y](#a-b) [z](#c) [w](https://example.org) [v](logs.md#nowhere)"
    assert broken(ROOT / "docs" / "x.md", text) == ["none.md", "#c", "logs.md#nowhere"]


def test_operators_pages_name_each_other() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    pages = ("runbooks", "metrics", "logs", "clusters", "access", "settings", "privacy")
    assert {f"{name}.md" for name in pages} <= {path for path, _ in links(text)}
