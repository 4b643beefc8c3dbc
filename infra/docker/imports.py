"""Imports every module of the project: `python infra/docker/imports.py`, while the image is built.

That proves that the image lacks nothing which is imported, and leaves the bytecode of just what
is: the image's root file system is read-only later on.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

PACKAGES: Final = ("functions", "shared", "infra")

EXTRAS: Final = (
    *("shared.aws.", "shared.stream.sqs", "infra.aws.", "infra.connector.lambda_"),
    "shared.spans",
)
"""What needs the extras `aws` and `otel`, which the image has not."""


def modules() -> Iterator[str]:
    """Yield the names of all modules but the programs."""
    for name in PACKAGES:
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            program = found.name.endswith((".__main__", ".imports"))
            if not program and not found.name.startswith(EXTRAS):
                yield found.name


if __name__ == "__main__":
    for name in modules():
        importlib.import_module(name)
