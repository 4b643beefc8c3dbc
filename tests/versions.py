"""Other versions of this tree to run beside it: one before it, and one after it."""

import shutil
import subprocess
import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parent.parent
NEWER = Path(__file__).parent / "newer"
"""What the version after this one has more: migrations."""

_SHIPPED = ("functions", "shared", "infra", "schema")
_MIGRATIONS = "schema/migrations/"
_WRITES = {
    "trace_contexts\n)": "trace_contexts, stored_by\n)",
    "select * from unnest": "select *, 'newer' from unnest",
}
"""What its collectors do otherwise, in schema/queries/store_messages.sql."""


class NoHistoryError(Exception):
    """There is no commit of the version that is looked for."""


def environment_of(tree: Path) -> Mapping[str, str]:
    """Return what has `hookstream` and `python -m` run the code of a tree, installed or not."""
    return {"PYTHONPATH": str(tree), "PYTHONSAFEPATH": "1"}


def version_after(folder: Path) -> Path:
    """Lay out this tree with a migration more, and collectors that know of it."""
    for name in _SHIPPED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    shutil.copytree(NEWER, folder / _MIGRATIONS, dirs_exist_ok=True)
    path = folder / "schema" / "queries" / "store_messages.sql"
    text = path.read_text()
    for old, new in _WRITES.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)
    return folder


def version_before(folder: Path) -> Path:
    """Lay out the last commit whose migrations are some of today's, byte for byte, not all.

    Raises NoHistoryError where there is none, as in a shallow clone or an export.
    """
    today = _migrations("HEAD")
    for commit in _git("rev-list", "--first-parent", "HEAD").decode().split():
        if _migrations(commit) < today:
            archive = _git("archive", "--format=zip", commit, "--", *_SHIPPED)
            with zipfile.ZipFile(BytesIO(archive)) as files:
                files.extractall(folder)
            return folder
    raise NoHistoryError("no commit of this checkout has fewer migrations")


def _migrations(commit: str) -> set[str]:
    """Return name and content hash of each migration of a commit."""
    return set(_git("ls-tree", commit, _MIGRATIONS).decode().splitlines())


def _git(*arguments: str) -> bytes:
    """Return what git prints of the repository at the tree's root."""
    line = ["git", "-c", "safe.directory=*", "-C", str(ROOT), *arguments]
    try:
        return subprocess.run(line, capture_output=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise NoHistoryError(f"{error}") from error
