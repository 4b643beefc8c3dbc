"""Reads locks, the files that `make lock` writes."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
IMAGE_LOCK = ROOT / "infra" / "docker" / "requirements.lock"
LOCKS = (ROOT / "requirements.lock", IMAGE_LOCK, ROOT / "infra" / "aws" / "requirements.lock")
"""Everything that is locked, but for the audit's own tools."""

_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^\s;]+)(?: ; (.+?))?(?: \\)?$", re.MULTILINE)


class Pin(NamedTuple):
    """A locked package; `marker` says where it is needed (PEP 508), "" is everywhere."""

    name: str
    version: str
    marker: str


def read_pins(lock: Path) -> list[Pin]:
    """Return what a lock has, in its order."""
    return [Pin(*found.groups("")) for found in _PIN.finditer(lock.read_text())]
