"""Free TCP ports on 127.0.0.1, and the memory of those that a state directory used last."""

import random
import socket
from collections.abc import MutableMapping
from pathlib import Path

import msgspec

HOST = "127.0.0.1"

# Below the range from which systems take the source ports of outgoing connections (32768 on
# Linux, 49152 elsewhere), so that a port found free is still free when its server binds it.
_LOWEST, _HIGHEST = 20_000, 32_000
_ATTEMPTS = 200


def is_free(port: int) -> bool:
    """Say whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a port that is free now. Raises OSError if none is found."""
    for _ in range(_ATTEMPTS):
        port = random.randint(_LOWEST, _HIGHEST)  # noqa: S311 - spreads load, guards nothing
        if is_free(port):
            return port
    raise OSError(f"no free port between {_LOWEST} and {_HIGHEST}")


class PortInUseError(Exception):
    """A port that was asked for by number is taken."""


class PortBook:
    """The ports that a state directory used last, so that they stay the same if possible."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ports: MutableMapping[str, int] = (
            msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}
        )

    def choose(self, name: str, asked: int = 0) -> int:
        """Return `asked`, else the port of last time if free, else a free one; remember it.

        Raises PortInUseError if `asked` is not 0 and taken.
        """
        if asked and not is_free(asked):
            raise PortInUseError(f"port {asked} for {name} is in use by another program")
        port = asked or self._ports.get(name, 0)
        if not port or not is_free(port):
            port = free_port()
        self._ports[name] = port
        write_atomically(self._path, msgspec.json.encode(self._ports))
        return port


def write_atomically(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Replace a file's content so that a reader, or a crash, meets the old or the new whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.touch(mode)
    new.chmod(mode)
    new.write_bytes(content)
    new.replace(path)
