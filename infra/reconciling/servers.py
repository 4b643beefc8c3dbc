"""Finds the servers of a command: URLs that were given, or the stack of a state directory."""

from pathlib import Path

from infra.publisher.target import TargetError, stack_status


def server_urls(state_dir: Path, **given: str | None) -> dict[str, str]:
    """Return the given URLs by name (`nats`, `database`, `functions`), from the stack where None.

    Raises TargetError when a URL is missing and no stack runs.
    """
    missing = [name for name, url in given.items() if not url]
    if not missing:
        return {name: str(url) for name, url in given.items()}
    try:
        status = stack_status(state_dir)
    except TargetError as error:
        options = " and ".join(f"--{name}-url" for name in missing)
        raise TargetError(f"no stack runs on {state_dir}: start one, or give {options}") from error
    known = {**status, "functions": f"{status['gateway']}/function"}
    return {name: url or str(known[name]) for name, url in given.items()}
