"""The image, with a real engine."""

import json
import time
from pathlib import Path

import pytest
from deploy.engine import Engine
from stack import until

pytestmark = pytest.mark.timeout(1200)

MIB = 1024 * 1024
PUBLIC_BASE = 130 * MIB
"""A generous size of the public python:3.12-slim; the one here may be a stand-in."""

HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


def own_layers(engine: Engine, image: str) -> int:
    """Return the bytes of what the Dockerfile adds to its base."""
    base = engine.inspect("python:3.12-slim")["RootFS"]["Layers"]
    sizes = engine.run("history", "--human=false", "--format", "{{.Size}}", image).split()
    layers = engine.inspect(image)["RootFS"]["Layers"]
    assert layers[: len(base)] == base
    filled = [int(size) for size in sizes if size != "0"]
    return sum(filled[: len(layers) - len(base)])


def test_is_small(engine: Engine, image: str) -> None:
    assert own_layers(engine, image) + PUBLIC_BASE < 250 * MIB


def test_runs_as_nobody_in_particular_with_nothing_to_build_with(
    engine: Engine, image: str
) -> None:
    found = "for tool in pip pip3 uv gcc cc make strip; do command -v $tool && exit 9; done"
    look = f"id -u; {found}; python -m pip; touch /app/x; true"
    said = engine.run("run", "--rm", *HARDENED, image, "sh", "-c", look)
    assert said.splitlines()[0] == "10001"
    assert "No module named pip" in said
    assert "cannot touch" in said


def test_has_labels_and_no_shell_before_the_program(engine: Engine, image: str) -> None:
    config = engine.inspect(image)["Config"]
    assert config["Cmd"] == ["python", "-m", "infra.docker"]
    assert config["Entrypoint"] is None
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert config["Labels"]["org.opencontainers.image.title"] == "hookstream"


def test_ends_by_sigterm_at_once(engine: Engine, image: str) -> None:
    with engine.container(image, *HARDENED, "--env", "ROLE=fb-consume") as name:
        until(lambda: "live" in ask(engine, name, "/health/live"))
        began = time.monotonic()
        engine.run("stop", "--time", "30", name)
        assert time.monotonic() - began < 10
        assert engine.inspect(name)["State"]["ExitCode"] == 0


def ask(engine: Engine, name: str, path: str) -> str:
    """Return what the container answers to itself, '' while it does not."""
    code = (
        "import urllib.request as r, urllib.error as e\n"
        f"try: print(r.urlopen('http://127.0.0.1:8080{path}').read().decode())\n"
        "except e.HTTPError as x: print(x.read().decode())\n"
        "except OSError: pass"
    )
    return engine.run("exec", name, "python", "-c", code)


def test_is_not_healthy_without_its_servers(engine: Engine, image: str) -> None:
    with engine.container(image, *HARDENED, "--env", "ROLE=report-events") as name:
        until(lambda: "live" in ask(engine, name, "/health/live"))
        assert "database_unavailable" in ask(engine, name, "/health/ready")
        check = ("exec", name, "python", "-IS", "/app/infra/docker/healthcheck.py")
        engine.run(*check, expect=1)


def test_a_secret_is_a_file(engine: Engine, image: str, scratch: Path) -> None:
    secret = scratch / "database-url"
    secret.write_text("postgresql://u:pa55w0rd@nowhere.invalid/x\n")
    secret.chmod(0o444)
    mount = f"{secret}:/var/openfaas/secrets/database-url:ro"
    code = (
        "from shared.settings import settings; chosen = settings();"
        "print(len(chosen.database_url), chosen)"
    )
    said = engine.run("run", "--rm", *HARDENED, "--volume", mount, image, "python", "-c", code)
    assert said.startswith(f"{len(secret.read_text()) - 1} ")
    assert "pa55w0rd" not in said


def test_has_the_command(engine: Engine, image: str) -> None:
    said = engine.run("run", "--rm", *HARDENED, image, "hookstream", "status", "--json", expect=3)
    assert json.loads(said)["state"] == "stopped"
