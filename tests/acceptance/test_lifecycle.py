"""`up`, `status`, `down`: what they print, what they leave, what survives."""

import json
import signal

import httpx2
import psutil
from builders import facebook, tiktok
from stack import Stack, alive, until

URLS = {"gateway", "nats", "database", "metrics"}


def test_up_status_down_and_up_again(own_stack: Stack) -> None:
    printed = own_stack.up()
    assert set(printed) >= URLS
    status = own_stack.status()
    assert {name: status[name] for name in URLS} == {name: printed[name] for name in URLS}
    for function in status["functions"]:
        assert set(function) >= {"name", "url", "replicas"}
        assert httpx2.get(f"{function['url']}/health/live", timeout=20).status_code == 200
    pids = [process["pid"] for process in own_stack.status()["processes"]]
    running = [psutil.Process(pid) for pid in pids]
    assert own_stack.post([facebook(), tiktok()]).json()["accepted"] == 2
    own_stack.settle(2)
    own_stack.down()
    assert not any(map(alive, running))
    assert json.loads(own_stack.command("status", "--json", expect=3))["state"] == "stopped"
    own_stack.down()

    again = own_stack.up()
    assert again["nats"] == printed["nats"]
    own_stack.settle(2)
    own_stack.post(facebook())
    own_stack.settle(3)


def test_up_killed_leaves_nothing_in_the_way(own_stack: Stack) -> None:
    own_stack.up()
    own_stack.post(facebook())
    own_stack.settle(1)
    [supervisor] = own_stack.processes("supervisor")
    others = [psutil.Process(p["pid"]) for p in own_stack.status()["processes"]]
    supervisor.send_signal(signal.SIGKILL)
    supervisor.wait(10)
    own_stack.up()
    assert not any(map(alive, others))
    own_stack.settle(1)
    own_stack.post(facebook())
    own_stack.settle(2)


def test_a_dead_process_is_restarted_and_status_says_so(own_stack: Stack) -> None:
    own_stack.up()
    for name in ("nats", "postgres", "gateway", "connector", "webhook-ingest"):
        [victim, *_] = own_stack.processes(name)
        victim.kill()
        until(lambda name=name, pid=victim.pid: pid not in _pids(own_stack, name))  # type: ignore[misc]  # defaults bind now
    until(lambda: own_stack.status()["state"] == "running")
    until(lambda: own_stack.post(facebook()).status_code == 200)
    until(lambda: own_stack.total_events() >= 1)
    restarts = {p["name"]: p.get("restarts") for p in own_stack.status()["processes"]}
    assert restarts["nats"] == restarts["postgres"] == restarts["connector"] == 1


def _pids(stack: Stack, name: str) -> set[int]:
    return {p["pid"] for p in stack.status()["processes"] if p["name"].startswith(name)}
