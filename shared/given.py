"""Finds the value that was given for a setting.

That of a setting X is the first that is there:

1. the environment variable X, or the file whose path is in X_FILE (Docker and Kubernetes mount
   secrets as files); both at once are an error, for nothing says which one is meant;
2. if X is a secret, the file `<x>` in the folder SECRETS_DIR, lower case with hyphens:
   `/var/openfaas/secrets/database-url`, where OpenFaaS mounts them
   (https://docs.openfaas.com/reference/secrets/);
3. the default.

A file that X_FILE or SECRETS_DIR promises has to be there and must not be empty; line ends at its
end do not count. Files are read once, when the process starts: a new secret needs a new start.
"""

import os
from pathlib import Path


def given(name: str, folder: str) -> str | None:
    """Return what was given for a setting; of a secret, `folder` is SECRETS_DIR's default.

    Raises ValueError if it is given twice, or in a file that cannot be read.
    """
    variable = name.upper()
    text, path = os.environ.get(variable), os.environ.get(f"{variable}_FILE")
    if text is not None and path is not None:
        raise ValueError(f"both {variable} and {variable}_FILE are set: remove one of them")
    if path is not None:
        return _content(Path(path), f"{variable}_FILE")
    if text is not None or not folder:
        return text
    return _mounted(name, os.environ.get("SECRETS_DIR", folder))


def _mounted(name: str, folder: str) -> str | None:
    """Return a secret from SECRETS_DIR, None without such a file."""
    if not folder:
        return None
    path = Path(folder, name.replace("_", "-"))
    try:
        there = path.exists()
        if not there and "SECRETS_DIR" in os.environ and not path.parent.is_dir():
            raise ValueError(f"SECRETS_DIR: {path.parent} is not a folder")
    except OSError as error:
        raise ValueError(f"SECRETS_DIR: {path}: {error.strerror}") from error
    return _content(path, "SECRETS_DIR") if there else None


def _content(path: Path, variable: str) -> str:
    """Return a file's text. The errors name the file, never what is in it."""
    try:
        text = path.read_text("utf-8").rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"{variable}: {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise ValueError(f"{variable}: {path} is not UTF-8") from None
    if not text:
        raise ValueError(f"{variable}: {path} is empty")
    return text
