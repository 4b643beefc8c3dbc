"""Starts a stack in the background, and stops one, from another process."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psutil

from infra.local.options import Options
from infra.local.programs import open_log, tail
from infra.local.registry import Registry
from infra.local.state import StateDir, Status, supervisor_of, wait_until

STOP_TIMEOUT = 150.0
_LEFTOVER_TIMEOUT = 20.0
_REAP_TIMEOUT = 2.0
_POLL = 0.05
_LOG = "supervisor.log"

# Held, for a Popen that is dropped while its process runs is reported as a leak.
_detached: list[subprocess.Popen[bytes]] = []
_SERVING = ("running", "degraded")


class StartError(Exception):
    """The stack did not start; the message says why."""


def is_running(status: Status) -> bool:
    """Say whether a status document is that of a live stack."""
    return bool(status["state"] != "stopped")


def start(options: Options, tell: Callable[[str], None]) -> Status:
    """Start a stack in a session of its own; return its status once it serves.

    Raises StartError, and leaves nothing running then or when interrupted.
    """
    state = StateDir(options.state_dir)
    state.make()
    with open_log(state.logs / _LOG) as log:
        process = subprocess.Popen(
            (sys.executable, "-P", "-m", "infra.local"),
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _detached.append(process)
    try:
        _give(process, options.encode())
        return _until_serving(state, process, tell)
    except BaseException:
        process.terminate()
        process.wait()
        raise


def _give(process: subprocess.Popen[bytes], text: bytes) -> None:
    """Write all of the process's standard input; one that ended already does not matter here."""
    if process.stdin is not None:
        with suppress(BrokenPipeError), process.stdin:
            process.stdin.write(text)


def _until_serving(
    state: StateDir, process: subprocess.Popen[bytes], tell: Callable[[str], None]
) -> Status:
    def current() -> Status:
        ended = process.poll() is not None
        status = state.read_status()
        if ended:
            raise StartError(state.last_error(process.pid) or tail(state.logs / _LOG))
        return status if status.get("supervisor", {}).get("pid") == process.pid else {}

    return _follow(current, tell)


def await_serving(state: StateDir, tell: Callable[[str], None]) -> Status:
    """Wait for a stack that another command starts. Raises StartError if it ends instead."""

    def current() -> Status:
        status = state.read_status()
        if not is_running(status):
            raise StartError("the stack was stopped")
        return status

    return _follow(current, tell)


def _follow(current: Callable[[], Status], tell: Callable[[str], None]) -> Status:
    """Tell the progress of a start until the stack serves; return its status."""
    told = ""
    while (status := current()).get("state") not in _SERVING:
        if status.get("progress", "") not in ("", told):
            told = status["progress"]
            tell(told)
        time.sleep(_POLL)
    return status


def stop(state: StateDir) -> bool:
    """Stop every process of a stack and wait for their end; return whether there was one.

    Raises AlreadyRunningError if another `up` begins at the same moment.
    """
    if not state.root.exists():
        return False
    stopped = _stop_supervisor(state)
    lock = state.lock()
    registry = Registry(state.registry)
    left = bool(registry.running())
    registry.stop_leftovers(_LEFTOVER_TIMEOUT, lambda _: None)
    lock.release()
    return stopped or left


def _stop_supervisor(state: StateDir) -> bool:
    """Ask the supervisor to stop everything; kill it if it does not."""
    identity = supervisor_of(state.read_status())
    process = identity and identity.process()
    if not identity or not process:
        return False
    process.terminate()
    if not wait_until(lambda: identity.process() is None, STOP_TIMEOUT):
        process.kill()
        wait_until(lambda: identity.process() is None, STOP_TIMEOUT)
    _detached[:] = [each for each in _detached if each.poll() is None]
    # Its parent is init now, which may take a moment to reap it.
    wait_until(lambda: not psutil.pid_exists(identity.pid), _REAP_TIMEOUT)
    return True
