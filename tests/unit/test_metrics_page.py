"""docs/metrics.md has every metric, and no other."""

import re

from declared import ROOT, metrics

PAGE = ROOT / "docs" / "metrics.md"


def test_each_metric_is_documented_with_its_kind() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", PAGE.read_text(), flags=re.MULTILINE)
    assert dict(rows) == metrics()
    assert len(rows) == len(dict(rows))
