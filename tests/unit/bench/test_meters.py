"""CPU by stage."""

import gc
import os
import subprocess
import sys
import time
from statistics import median

from infra.bench.meters import Meter, Spent, collected_seldom, cpu_seconds
from infra.bench.path import REST, _leave_rest

BURN = "import sys, time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\ninput()"


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def test_a_stage_adds_up_what_its_blocks_spend() -> None:
    meter = Meter()
    for _ in range(3):
        with meter.stage("busy"):
            burn(0.02)
        with meter.stage("idle"):
            time.sleep(0.02)
    assert list(meter.spent) == ["busy", "idle"]
    assert 0.06 <= meter.spent["busy"].here < 0.12
    assert meter.spent["idle"].here < 0.02
    assert meter.spent["busy"].server is None


def test_a_server_counts_beside_it() -> None:
    meter = Meter()
    with subprocess.Popen(
        (sys.executable, "-c", BURN), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        with meter.stage("both", process.pid, None):
            assert process.stdout.readline() == b"done\n"
        process.stdin.close()
    spent = meter.spent["both"]
    assert spent.server is not None
    assert 0.2 < spent.server < 0.6
    assert spent.here < 0.1


def test_a_process_clock_is_finer_than_a_tick() -> None:
    steps = []
    for _ in range(5):
        before = cpu_seconds(os.getpid())
        burn(0.002)
        steps.append(cpu_seconds(os.getpid()) - before)
    assert 0.001 < median(steps) < 0.009


def test_the_collector_is_as_before_afterwards() -> None:
    before = gc.get_threshold()
    with collected_seldom():
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_what_is_left_of_the_write_is_without_its_statements() -> None:
    spent = {REST: Spent(5.0, 9.0), "store: copy": Spent(2.0, 4.0), "store: keys": Spent(1.0, 3.0)}
    meter = Meter({**spent, "ingest: pack": Spent(7.0)})
    _leave_rest(meter)
    assert meter.spent[REST] == Spent(2.0, 2.0)
    assert meter.spent["store: copy"] == Spent(2.0, 4.0)
