"""The processes whose use is measured: this one and those of a local stack."""

import os
import re
from pathlib import Path
from typing import Final

from infra.bench.resources import Listing
from infra.local.state import StateDir

SELF: Final = "bench (load generator)"
_REPLICA: Final = re.compile(r"-\d+$")


def listing(state_dir: Path | None) -> Listing:
    """Return what lists this process and those of the stack, if it is a local one.

    Replicas of a function go by the function's name.
    """

    def processes() -> dict[int, str]:
        return {os.getpid(): SELF, **(of_stack(state_dir) if state_dir is not None else {})}

    return processes


def of_stack(state_dir: Path) -> dict[int, str]:
    """Return the processes of the stack that runs on a directory."""
    status = StateDir(state_dir).read_status()
    return {
        each["pid"]: _REPLICA.sub("", each["name"]) for each in status["processes"] if each["pid"]
    }


def server_of(listing: Listing, name: str) -> int | None:
    """Return the process of one of the stack's servers, None if it is not of a local stack."""
    return next((pid for pid, each in listing().items() if each == name), None)
