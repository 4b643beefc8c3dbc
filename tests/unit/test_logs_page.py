"""docs/logs.md has every field of log lines, and no other."""

import re

from declared import ROOT, log_fields

PAGE = ROOT / "docs" / "logs.md"


def documented() -> set[str]:
    """Return the fields of the page's tables."""
    rows = re.findall(r"^\| (`[^|]+) \|", PAGE.read_text(), flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_each_field_is_documented() -> None:
    assert documented() == log_fields() | {"service", "instance"}
