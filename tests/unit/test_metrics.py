import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os
from shared.metrics import Counter, Histogram
counter = Counter("things", "Things.", ("kind",))
histogram = Histogram("times", "Times.")
asked = 0
real = os.getpid
def getpid():
    global asked
    asked += 1
    return real()
os.getpid = getpid
counter.labels("a").inc(3)
histogram.observe(0.5)
print(asked, counter.labels("a")._value.get(), real())
"""


def test_an_update_makes_no_system_call(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
    )
    asked, value, pid = done.stdout.split()
    assert (int(asked), float(value)) == (0, 3.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"counter_{pid}.db",
        f"histogram_{pid}.db",
    ]
