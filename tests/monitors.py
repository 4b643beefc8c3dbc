"""A real Prometheus beside a stack under test, and what makes a stack's processes stand still."""

import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import psutil
import pytest
from stack import Stack, until

from infra.local.monitoring import CONFIGURATION, configuration
from infra.local.ports import free_port

_SHORTER = 300
"""By how much the rules' `for:` are divided: a quarter of an hour becomes 3 s."""

_THRESHOLDS = {
    "HookstreamLagging": ("> 15", "> 3"),
    "HookstreamConnectorSilent": ("> 30", "> 10"),
}
"""Thresholds in seconds that a test does not wait for; the connector looks every 5 s."""


class Monitor:
    """Asks a Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of an expression now."""
        answer = httpx2.get(f"{self.url}/api/v1/query", params={"query": expression}, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["result"]  # type: ignore[no-any-return]

    def fired(self) -> set[str]:
        """Return the alerts that have fired since the server started."""
        firing = 'max by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))'
        return {sample["metric"]["alertname"] for sample in self.query(firing)}

    def until_fired(
        self, *alerts: str, meanwhile: Callable[[], object] = lambda: None, timeout: float = 90
    ) -> None:
        """Return when all of those have fired; `meanwhile` is called again and again."""

        def all_fired() -> bool:
            meanwhile()
            return set(alerts) <= self.fired()

        with suppress(AssertionError):
            until(all_fired, timeout)
        missing = set(alerts) - self.fired()
        assert not missing, f"{missing} did not fire"


def program() -> str:
    """Return the installed Prometheus; skips the test where none is."""
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    return found


@contextmanager
def hasty_prometheus(folder: Path, gateway_port: int) -> Iterator[Monitor]:
    """Run a Prometheus that looks every second, and whose alerts wait seconds for minutes."""
    folder.mkdir()
    targets = folder / "targets.json"
    targets.write_bytes(msgspec.json.encode([{"targets": [f"127.0.0.1:{gateway_port}"]}]))
    document = msgspec.yaml.decode(configuration(targets))
    document["global"] = dict.fromkeys(
        ("scrape_interval", "scrape_timeout", "evaluation_interval"), "1s"
    )
    rules = folder / "rules.yml"
    rules.write_bytes(_hasty((CONFIGURATION.parent / "rules" / "hookstream.yml").read_bytes()))
    document["rule_files"] = [str(rules)]
    chosen = folder / "prometheus.yml"
    chosen.write_bytes(msgspec.yaml.encode(document))
    url = f"127.0.0.1:{free_port()}"
    command = (
        program(), f"--config.file={chosen}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url}",
    )  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        until(lambda: _answers(f"http://{url}/-/ready"))
        yield Monitor(f"http://{url}")
    finally:
        process.terminate()
        process.wait(20)


def _hasty(text: bytes) -> bytes:
    document = msgspec.yaml.decode(text)
    for group in document["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = f"{_seconds(rule['for']) // _SHORTER}s"
            old, new = _THRESHOLDS.get(rule.get("alert", ""), ("", ""))
            assert old in rule["expr"]
            rule["expr"] = rule["expr"].replace(old, new) if old else rule["expr"]
    return msgspec.yaml.encode(document)


def _seconds(duration: str) -> int:
    found = re.fullmatch(r"(\d+)([sm])", duration)
    assert found, duration
    return int(found[1]) * (60 if found[2] == "m" else 1)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """Let a process and its children stand still while the block runs."""
    [process] = stack.processes(name)
    family = [process, *process.children(recursive=True)]
    for member in family:
        member.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for member in family:
            if psutil.pid_exists(member.pid):
                member.send_signal(signal.SIGCONT)
