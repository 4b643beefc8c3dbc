"""The image's program, without an engine: what ROLE starts."""

import os
import signal
import subprocess
import sys

import httpx2
import pytest
from deploy.manifests import roles
from processes import run
from stack import until

from infra.local.ports import free_port

PROGRAM = (sys.executable, "-m", "infra.docker")
NEEDS_NOTHING = {"report-dashboard"}
"""What has a page to show whatever is away."""
SERVES = (200, "")
MISSES = [(503, "broker_unavailable"), (503, "database_unavailable")]
AWAY = {
    "NATS_URL": "nats://127.0.0.1:1",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "DATABASE_TIMEOUT": "0.2",
}


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


@pytest.mark.parametrize("role", [*sorted(roles()), "connector"])
def test_serves_on_its_port_with_no_server_there(role: str) -> None:
    port = free_port()
    own = {"ROLE": role, "PORT": str(port), "HOST": "127.0.0.1"}
    with run(PROGRAM, {**AWAY, **own}) as process:
        until(lambda: asked(port, "live")[0] == 200)
        assert asked(port, "ready") in ([SERVES] if role in NEEDS_NOTHING else MISSES)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def asked(port: int, probe: str) -> tuple[int, str]:
    """Return the status and the problem's code that a probe is answered, 0 for no answer."""
    try:
        answer = httpx2.get(f"http://127.0.0.1:{port}/health/{probe}", timeout=10)
    except httpx2.TransportError:
        return 0, ""
    return answer.status_code, answer.json().get("code", "")
