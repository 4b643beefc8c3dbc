"""The image's program, without an engine: what ROLE starts."""

import os
import signal
import subprocess
import sys

import httpx2
import pytest
from stack import until

from infra.local.ports import free_port

PROGRAM = (sys.executable, "-m", "infra.docker")


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("", "ROLE is not set"),
        ("fb-consumer", "no such function"),
        ("../shared", "no such function"),
    ],
)
def test_says_what_is_wrong_with_the_role(role: str, said: str) -> None:
    environment = {**os.environ, "ROLE": role}
    done = subprocess.run(PROGRAM, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("role", ["webhook-ingest", "connector"])
def test_runs_the_role_in_its_own_process(role: str) -> None:
    port = free_port()
    environment = {**os.environ, "ROLE": role, "PORT": str(port), "HOST": "127.0.0.1"}
    with subprocess.Popen(PROGRAM, env=environment, stdout=subprocess.DEVNULL) as process:
        until(lambda: lives(port))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def lives(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health/live").status_code == 200
    except httpx2.TransportError:
        return False
