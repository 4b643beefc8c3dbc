"""A report function that nobody has asked for users or countries is small and starts fast."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("name", ["events", "revenue", "demographics", "funnel"])
def test_numpy_is_not_imported_at_the_start(name: str) -> None:
    program = f"import sys, functions.report_{name}.main; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
