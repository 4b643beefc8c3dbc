"""The secrets of a stack: files of its state directory that only the owner reads.

A function finds those that it lists in a folder of its own, by name, as OpenFaaS mounts them below
/var/openfaas/secrets; SECRETS_DIR tells the replica where that is.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from infra.local.ports import write_atomically
from shared.errors import Problem
from shared.settings import MIB

MOUNTED_AT = "/var/openfaas/secrets/"
"""Where OpenFaaS mounts secrets (https://docs.openfaas.com/reference/secrets/)."""

SECRET_LIMIT = MIB
"""Bytes of the largest secret, as in Kubernetes."""

_MOST = 1000


class Secrets:
    """Keeps secrets in `folder`; names are DNS subdomains, never paths.

    `given` has those that the platform itself provides: a stored one of the same name wins.
    """

    def __init__(self, folder: Path, given: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self.given: Mapping[str, str] = given or {}

    def names(self) -> list[str]:
        """Return the names of what is stored."""
        if not self._folder.exists():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.name[0] != ".")

    def exists(self, name: str) -> bool:
        """Say whether a function may have the secret."""
        return name in self.given or self._path(name).exists()

    def create(self, name: str, value: bytes) -> None:
        """Store a new secret. Raises Problem already_exists."""
        if self._path(name).exists():
            raise Problem("already_exists", f"Secret {name} exists already; update it (PUT).")
        if len(self.names()) >= _MOST:
            raise Problem("invalid_parameter", f"There are {_MOST} secrets already.")
        self._write(name, value)

    def update(self, name: str, value: bytes) -> None:
        """Replace a secret; replicas that start from now on find it. Raises Problem not_found."""
        self._require(name)
        self._write(name, value)

    def remove(self, name: str) -> None:
        """Remove a secret; functions that list it start no replica. Raises Problem not_found."""
        self._require(name)
        self._path(name).unlink()

    def mount(
        self, folder: Path, names: Iterable[str], own: Mapping[str, str] | None = None
    ) -> None:
        """Have `folder` hold the named secrets and nothing else.

        `own` has what is this function's in place of what the platform provides to all. Raises
        FileNotFoundError for one that does not exist.
        """
        wanted = set(names)
        provided = {**self.given, **(own or {})}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in folder.iterdir():
            if path.name not in wanted:
                path.unlink()
        for name in wanted:
            self._offer(folder / name, provided)

    def _offer(self, place: Path, provided: Mapping[str, str]) -> None:
        stored = self._path(place.name)
        if stored.exists():
            link = place.with_name(f".{place.name}.new")
            link.unlink(missing_ok=True)
            link.symlink_to(stored)
            link.replace(place)
        elif place.name in provided:
            write_atomically(place, provided[place.name].encode())
        else:
            raise FileNotFoundError(f"secret {place.name} does not exist")

    def _require(self, name: str) -> None:
        if not self._path(name).exists():
            raise Problem("not_found", f"There is no secret {name}.")

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _write(self, name: str, value: bytes) -> None:
        if len(value) > SECRET_LIMIT:
            raise Problem("body_too_large", f"A secret may have {SECRET_LIMIT} bytes.")
        self._folder.mkdir(mode=0o700, exist_ok=True)
        os.chmod(self._folder, 0o700)  # noqa: PTH101 - the umask may not have been ours
        write_atomically(self._path(name), value)
