"""Drives `docker` and `docker compose`."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from deploy.manifests import ROOT

STATE = "/var/lib/hookstream"


@dataclass(frozen=True)
class Engine:
    """A container engine by its command line."""

    docker: str
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, *arguments: str, expect: int = 0, timeout: float = 900) -> str:
        """Run `docker …` and return what it printed on both streams."""
        done = subprocess.run(
            [self.docker, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout,
            cwd=ROOT,
            env={**os.environ, **self.environment},
        )
        assert done.returncode == expect, f"docker {arguments}:\n{done.stdout}"
        return done.stdout

    @contextmanager
    def container(self, image: str, *options: str) -> Iterator[str]:
        """Run a container in the background until the block ends; yield its id."""
        name = self.run("run", "--detach", *options, image).strip()
        try:
            yield name
        finally:
            self.run("rm", "--force", "--volumes", name)

    def inspect(self, name: str) -> dict[str, Any]:
        """Return what the engine knows of a container or an image."""
        [found] = json.loads(self.run("inspect", name))
        return found  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Compose:
    """The project of docker-compose.local.yml."""

    engine: Engine
    files: Sequence[Path] = (ROOT / "docker-compose.local.yml",)

    def run(self, *arguments: str, expect: int = 0) -> str:
        """Run `docker compose …`."""
        files = [option for path in self.files for option in ("-f", str(path))]
        return self.engine.run("compose", *files, *arguments, expect=expect)

    def up(self, *options: str) -> None:
        """Start everything and wait until it is healthy."""
        self.run("up", "--detach", "--wait", *options)

    def publish(self, number: int) -> str:
        """Run the publisher, which proves what it sent."""
        command = ("hookstream", "publish", "--url", "http://gateway:8080", "--prove")
        return self.run("run", "--rm", "-T", "publisher", *command, "--number", str(number))

    def url(self, service: str, port: int) -> str:
        """Return where a service's port is published."""
        return f"http://{self.run('port', service, str(port)).strip()}"

    def total_events(self) -> int:
        """Return the number of events in the report."""
        answer = httpx2.get(f"{self.url('gateway', 8080)}/reports/events", timeout=60)
        return int(answer.json()["totalEvents"])

    def replicas(self) -> dict[str, int]:
        """Return the number of replicas of each function."""
        command = ("hookstream", "status", "--json", "--state-dir", STATE)
        status = json.loads(self.run("exec", "-T", "gateway", *command))
        return {function["name"]: function["replicas"] for function in status["functions"]}

    def containers(self, service: str) -> list[dict[str, Any]]:
        """Return what the engine knows of a service's containers."""
        return [self.engine.inspect(name) for name in self.run("ps", "-q", service).split()]
