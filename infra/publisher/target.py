"""Finds the gateway: a URL that was given, or the stack of a state directory."""

from pathlib import Path

from infra.local.state import StateDir, Status
from shared.settings import given_text


class TargetError(Exception):
    """No stack runs on the state directory, and no URL was given."""


def stack_status(state_dir: Path) -> Status:
    """Return the running stack's status. Raises TargetError when none runs."""
    status = StateDir(state_dir).read_status()
    if "gateway" not in status:
        raise TargetError(
            f"no stack runs on {state_dir}: start one with `hookstream up --detach`,"
            " or name a gateway with --url"
        )
    return status


def gateway_url(url: str | None, state_dir: Path) -> str:
    """Return `url`, or the gateway of the stack that runs on `state_dir`. Raises TargetError."""
    return url or str(stack_status(state_dir)["gateway"])


def key_headers() -> dict[str, str]:
    """Return the headers with which commands show the setting HOOKSTREAM_API_KEY, if it is given.

    Raises TargetError if its file cannot be read.
    """
    try:
        key = given_text("hookstream_api_key")
    except ValueError as error:
        raise TargetError(str(error)) from error
    return {"authorization": f"Bearer {key}"} if key else {}
