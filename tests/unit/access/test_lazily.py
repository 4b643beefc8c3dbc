"""A function without an identity provider does without what reads tokens."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("role", ["webhook_ingest", "report_events", "fb_consume"])
def test_tokens_cost_nothing_where_there_are_none(role: str) -> None:
    code = (
        f"import sys; import functions.{role}.main; from shared.access.guard import Guard;"
        "from shared.settings import Settings; Guard(None, Settings(), lambda _: None);"
        "print({'jwt', 'cryptography', 'shared.access.tokens'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
