"""Every example of the analysts' page that can be run, run against a stack."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders import facebook, tiktok
from stack import Stack

PAGE = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text()
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
INTERPRETERS = {"sh": ["bash", "-euo", "pipefail", "-c"], "python": [sys.executable, "-c"]}


@pytest.fixture(scope="module")
def stocked(stack: Stack) -> Stack:
    """Return a stack with a few events of every kind that the page asks for."""
    stack.post([facebook(name) for name in ("ad.view", "ad.click", "checkout.complete")])
    stack.post([tiktok("purchase"), tiktok("like")])
    stack.settle(5)
    return stack


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_examples_run(stocked: Stack, number: int, tmp_path: Path) -> None:
    language, code = BLOCKS[number]
    code = code.replace("http://127.0.0.1:8080", stocked.urls["gateway"])
    done = subprocess.run(
        [*INTERPRETERS[language], code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"code"' not in done.stdout
    if "If-None-Match" in code:
        assert done.stdout == "304\n"


def test_there_are_examples_of_both_kinds() -> None:
    assert {language for language, _ in BLOCKS} == set(INTERPRETERS)
