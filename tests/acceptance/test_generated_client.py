"""A client that a public generator makes of the OpenAPI document works against the stack."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import facebook
from stack import Stack

GENERATOR = "openapi-python-client==0.26.2"
DOCUMENT = Path(__file__).parents[2] / "schema" / "openapi.json"
UV_TOOL = [str(Path(sys.executable).with_name("uv")), "tool", "run", "--from", GENERATOR]
SCRIPT = """
import json, sys
from made.api.report_events import report_events
from made.client import Client
from made.models.report_events_group_by_item import ReportEventsGroupByItem as By
from made.models.report_events_interval import ReportEventsInterval as Interval

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
answer = report_events.sync(client=client, group_by=[By.SOURCE], interval=Interval("1d"))
refused = report_events.sync(client=client, limit=0)
print(json.dumps({
    "total": answer.total_events,
    "groups": [group.to_dict() for group in answer.groups],
    "points": len(answer.series),
    "refused": refused.to_dict()["code"],
}))
"""


def tool(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*UV_TOOL, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=200
    )


def test_a_generated_client_works(stack: Stack, tmp_path: Path) -> None:
    if tool("openapi-python-client", "--version", folder=tmp_path).returncode != 0:
        pytest.skip(f"{GENERATOR} is not to be had")
    options = ("--path", str(DOCUMENT), "--output-path", "made", "--meta", "none")
    generated = tool("openapi-python-client", "generate", *options, folder=tmp_path)
    assert generated.returncode == 0, generated.stdout + generated.stderr
    assert "WARNING" not in generated.stdout, generated.stdout
    stack.post([facebook("ad.view"), facebook("ad.click")])
    stack.settle(2)
    (tmp_path / "ask.py").write_text(SCRIPT)
    asked = tool("python", "ask.py", stack.urls["gateway"], folder=tmp_path)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout) == {
        "total": 2,
        "groups": [{"source": "facebook", "count": 2}],
        "points": 1,
        "refused": "invalid_parameter",
    }
