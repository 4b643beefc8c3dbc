"""Whatever ends when, no counter goes backwards and nothing is counted twice."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.parser import text_string_to_metric_families

from infra.local.metrics import Archive

pids = st.integers(100, 104)
amounts = st.integers(1, 5)


def add(folder: Path, kind: str, pid: int, sample: str, amount: float) -> None:
    """Add to a value the way a process of that id does."""
    values = MmapedDict(str(folder / f"{kind}_{pid}.db"))  # type: ignore[no-untyped-call]
    labels = {"le": "1.0"} if sample.endswith("_bucket") else {}
    metric = sample.partition("_")[0]
    key = mmap_key(metric, sample, list(labels), list(labels.values()), "help")
    before, _ = values.read_value(key)  # type: ignore[no-untyped-call]
    values.write_value(key, before + amount, 0.0)  # type: ignore[no-untyped-call]
    values.close()  # type: ignore[no-untyped-call]


def samples(archive: Archive) -> dict[str, float]:
    families = text_string_to_metric_families(archive.render().decode())
    return {sample.name: sample.value for family in families for sample in family.samples}


class Interrupted(Archive):
    """Is killed right after a merge is committed."""

    def _tidy(self) -> None:
        """Do nothing."""


class Processes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.alive: set[int] = set()
        self.totals: dict[str, float] = defaultdict(float)
        self.reopen()

    @rule()
    def reopen(self) -> None:
        self.archive = Archive(self.folder, lambda pid: pid in self.alive)

    @rule(pid=pids, amount=amounts)
    def count(self, pid: int, amount: int) -> None:
        self.alive.add(pid)
        add(self.folder, "counter", pid, "c_total", amount)
        self.totals["c_total"] += amount

    @rule(pid=pids, amount=amounts)
    def observe(self, pid: int, amount: int) -> None:
        self.alive.add(pid)
        for sample in ("h_sum", "h_bucket"):
            add(self.folder, "histogram", pid, sample, amount)
            self.totals[sample] += amount

    @rule(pid=pids)
    def end(self, pid: int) -> None:
        self.alive.discard(pid)

    @rule(pid=pids)
    def die_at_birth(self, pid: int) -> None:
        if pid not in self.alive:
            (self.folder / f"summary_{pid}.db").touch()

    @rule()
    def compact(self) -> None:
        self.archive.compact()
        ended = {int(path.stem.rpartition("_")[2]) for path in self.folder.glob("*.db")}
        assert ended <= self.alive

    @rule()
    def be_killed_after_commit(self) -> None:
        Interrupted(self.folder, lambda pid: pid in self.alive).compact()
        self.reopen()

    @rule()
    def be_killed_before_commit(self) -> None:
        generation = self.archive._index.generation + 1
        unfinished = self.folder / f"archive-{generation}"
        unfinished.mkdir()
        add(unfinished, "counter", 1, "c_total", 1000)
        self.reopen()

    @invariant()
    def adds_up(self) -> None:
        found = samples(self.archive)
        assert {name: found[name] for name in self.totals} == dict(self.totals)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("gauge_max", 5), ("gauge_min", 3), ("gauge_sum", 8), ("gauge_livesum", None)],
)
def test_gauges_of_ended_processes(tmp_path: Path, kind: str, kept: float | None) -> None:
    alive = {1, 2}
    add(tmp_path, kind, 1, "g", 5)
    add(tmp_path, kind, 2, "g", 3)
    archive = Archive(tmp_path, lambda pid: pid in alive)
    alive.clear()
    assert samples(archive).get("g") == kept
    archive.compact()
    assert samples(archive).get("g") == kept
    assert list(tmp_path.glob("*.db")) == []
