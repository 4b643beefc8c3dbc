"""CPU and memory of real processes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from infra.bench.resources import Resources

BURN = """
import sys, time
held = bytearray(int(sys.argv[1]))
while time.process_time() < float(sys.argv[2]): pass
print('done', flush=True)
sys.stdin.read()
"""
PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', {BURN!r}, '50000000', '0.3'], stdin=sys.stdin)
child.wait()
"""


@contextmanager
def program(source: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        (sys.executable, "-c", source, *arguments),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


def done(process: "subprocess.Popen[bytes]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"done\n"


def test_a_process_that_came_meanwhile_counts_from_its_start() -> None:
    listed: dict[int, str] = {}
    resources = Resources(lambda: listed)
    resources.sample()
    with program(BURN, "80000000", "0.3") as process:
        done(process)
        listed[process.pid] = "burner"
        resources.sample()
    (usage,) = resources.usages()
    assert usage.name == "burner"
    assert 0.25 < usage.cpu_seconds < 5
    assert usage.peak_bytes > 80_000_000


def test_what_a_process_used_before_does_not_count() -> None:
    with program(BURN, "0", "0.3") as process:
        done(process)
        resources = Resources(lambda: {process.pid: "burner"})
        resources.sample()
        resources.sample()
    (usage,) = resources.usages()
    assert usage.cpu_seconds < 0.2


def test_children_that_are_not_listed_belong_to_their_parent() -> None:
    listed: dict[int, str] = {}
    resources = Resources(lambda: listed)
    resources.sample()
    with program(PARENT) as process:
        done(process)
        listed[process.pid] = "parent"
        resources.sample()
    (usage,) = resources.usages()
    assert usage.cpu_seconds > 0.25
    assert usage.peak_bytes > 50_000_000


def test_children_that_are_listed_count_for_themselves() -> None:
    listed: dict[int, str] = {}
    resources = Resources(lambda: listed)
    resources.sample()
    with program(PARENT) as process:
        done(process)
        (child,) = psutil.Process(process.pid).children()
        listed |= {process.pid: "parent", child.pid: "child"}
        resources.sample()
    usages = {usage.name: usage for usage in resources.usages()}
    assert usages["parent"].peak_bytes < 50_000_000 < usages["child"].peak_bytes
    assert usages["child"].cpu_seconds > 0.25


def test_a_watched_block_counts_what_happens_in_it() -> None:
    async def scenario() -> Resources:
        with program(BURN, "0", "0.3") as process:
            resources = Resources(lambda: {process.pid: "burner"})
            async with resources.watched():
                await asyncio.to_thread(done, process)
            return resources

    (usage,) = asyncio.run(scenario()).usages()
    assert 0.15 < usage.cpu_seconds < 5


def test_a_process_that_is_gone_keeps_what_it_used() -> None:
    listed: dict[int, str] = {os.getpid(): "test"}
    resources = Resources(lambda: listed)
    resources.sample()
    with program(BURN, "0", "0.3") as process:
        done(process)
        listed[process.pid] = "burner"
        resources.sample()
    resources.sample()
    assert {usage.name for usage in resources.usages()} == {"test", "burner"}
