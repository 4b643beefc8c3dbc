"""Looks for personal data and secrets in what a stack writes for operators.

Events are where events belong: in the stream and the database. Secrets are in the files that hold
secrets. Nothing else of a state directory may have any.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import httpx2
from declared import ROOT
from stack import Stack

_DOCUMENTED = {"nats", "nats.conf", "nats-users", "postgres", "secrets", "mounts"}
"""Events and identities; secrets that were stored, and where servers and functions read them.

Passwords of the database's logins are in files whose names begin with pgpass.
"""

_BUILT = (rb"Ada Example", rb"user-[0-9a-f]{8}-[0-9a-f]{4}-")
"""The name and the user ids of the events that tests build."""


def secrets_of(state: Path) -> list[bytes]:
    """Return the secrets that a stack has made or was given."""
    passwords = [path.read_bytes().strip().rpartition(b":")[2] for path in state.glob("pgpass*")]
    files = (*(state / "secrets").glob("*"), *(state / "nats-users").glob("*"))
    stored = [path.read_bytes().strip() for path in files]
    return [secret for secret in (*passwords, *stored) if secret]


def assert_private(state: Path, *needles: str) -> None:
    """Fail if a file of a state directory has what it must not have, `needles` included."""
    exact = [*secrets_of(state), *(needle.encode() for needle in needles)]
    patterns = [re.compile(pattern) for pattern in (*_BUILT, *map(re.escape, exact))]
    for path, text in _files(state):
        for pattern in patterns:
            found = pattern.search(text)
            assert not found, f"{path}: {text[max(0, found.start() - 200) : found.end() + 50]!r}"


def _files(state: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(state.rglob("*")):
        inside = path.relative_to(state).parts
        documented = inside[0] in _DOCUMENTED or inside[0].startswith("pgpass")
        if path.is_file() and not documented:
            yield path, path.read_bytes()


def told(stack: Stack) -> Iterable[tuple[str, str]]:
    """Return what operators ask a stack for, by what it is."""
    commands = (
        ("status", "--json"), ("status",), ("deadletter", "ls", "--json", "--limit", "1000"),
        ("deadletter", "ls"), ("reconcile", "--json"),
    )  # fmt: skip
    answers = [(" ".join(command), stack.command(*command)) for command in commands]
    metrics = httpx2.get(stack.urls["metrics"], timeout=20).text
    listing = httpx2.get(f"{stack.urls['gateway']}/function/deadletter/", timeout=20).text
    return [*answers, ("metrics", metrics), ("the list of dead letters over HTTP", listing)]


def lines(state: Path) -> Iterator[dict[str, object]]:
    """Yield the JSON lines of a stack's own processes."""
    servers = {"nats.log", "postgres.log", "prometheus.log"}
    for path in (state / "logs").glob("*.log"):
        for text in path.read_text().splitlines() if path.name not in servers else ():
            yield json.loads(text)


def documented_fields() -> set[str]:
    """Return the fields that docs/logs.md names."""
    page = (ROOT / "docs" / "logs.md").read_text()
    rows = re.findall(r"^\| (`[^|]+) \|", page, flags=re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}
