"""Prometheus beside a stack, for those who have it installed.

Command line: https://prometheus.io/docs/prometheus/latest/command-line/prometheus/. The gateway is
its one target: that adds up all processes, however many replicas come and go.
"""

import shutil
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec

from infra.local.ports import HOST, PortBook, write_atomically
from infra.local.programs import Program, Server, ServerFailedError

CONFIGURATION = Path(__file__).parents[1] / "prometheus" / "local.yml"

_RETENTION = ("--storage.tsdb.retention.time=15d", "--storage.tsdb.retention.size=1GB")
_PROBE_TIMEOUT = 2.0


def prometheus_binary() -> Path:
    """Return the installed program. Raises ServerFailedError if there is none."""
    found = shutil.which("prometheus")
    if found is None:
        raise ServerFailedError(
            "--monitoring needs Prometheus, and there is no program `prometheus` on the PATH:"
            " install Debian's package with `apt-get install prometheus`, or start without"
        )
    return Path(found)


def prometheus_server(state: Path, book: PortBook, gateway_port: int, port: int = 0) -> Server:
    """Return the server that scrapes the gateway and keeps its data below `state`.

    `port` 0 is a free one. It keeps 15 days and 1 GB at most. Raises ServerFailedError.
    """
    binary = prometheus_binary()
    folder = state / "prometheus"
    folder.mkdir(exist_ok=True)
    chosen = book.choose("prometheus", port)
    targets = [{"targets": [f"{HOST}:{gateway_port}"]}]
    write_atomically(folder / "targets.json", msgspec.json.encode(targets))
    write_atomically(folder / "prometheus.yml", configuration(folder / "targets.json"))
    program = Program(
        name="prometheus",
        argv=(
            str(binary),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{chosen}",
            "--log.format=json",
            *_RETENTION,
        ),
        log=state / "logs" / "prometheus.log",
        stop_timeout=20,
    )
    url = f"http://{HOST}:{chosen}"
    return Server(program=program, url=url, ready=lambda: _is_ready(url))


def configuration(targets: Path) -> bytes:
    """Return infra/prometheus/local.yml with whole paths; `targets` is the file of targets."""
    document: dict[str, Any] = msgspec.yaml.decode(CONFIGURATION.read_bytes())
    rules = document["rule_files"]
    document["rule_files"] = [str(CONFIGURATION.parent / path) for path in rules]
    for job in document["scrape_configs"]:
        for discovery in job["file_sd_configs"]:
            discovery["files"] = [str(targets)]
    return msgspec.yaml.encode(document)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=_PROBE_TIMEOUT) as answer:  # noqa: S310 - of our own making
            return bool(answer.status == HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False
