"""Makes the folder that `sam deploy` sends: `python -m infra.aws.package`, which needs uv.

The code with its locked dependencies, for the template's runtime and architecture, whatever this
machine's are.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BUILD = ROOT / "dist" / "aws"
LOCK = HERE / "requirements.lock"

PYTHON = "3.13"
PLATFORM = "x86_64-manylinux_2_34"
"""Amazon Linux 2023, which the runtime python3.13 stands on, has glibc 2.34."""

CODE = ("functions", "shared", "schema", "infra/connector", "infra/aws")
_LEFT_OUT = ("__pycache__", "*.md", "*.yaml", "*.toml", "*.lock")


def build(folder: Path = BUILD) -> None:
    """Make the folder anew. Raises subprocess.CalledProcessError."""
    shutil.rmtree(folder, ignore_errors=True)
    uv = Path(sys.executable).with_name("uv")
    install = (
        *(uv, "pip", "install", "--quiet", "--no-compile-bytecode", "--only-binary", ":all:"),
        *("--require-hashes", "--requirement", LOCK, "--target", folder),
        *("--python-version", PYTHON, "--python-platform", PLATFORM),
    )
    subprocess.run(install, check=True)  # noqa: S603 - the program is ours
    for name in CODE:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    shutil.copy(ROOT / "infra" / "__init__.py", folder / "infra")


if __name__ == "__main__":
    build()
