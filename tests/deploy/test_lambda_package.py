"""The folder that goes to Lambda: whole, and small enough."""

import subprocess
import sys
from pathlib import Path

import pytest
from deploy.manifests import ROOT, roles

from infra.aws.package import CODE, LOCK, build

LIMIT = 250 * 1024 * 1024
"""https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, unzipped."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "build"
    try:
        build(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"Lambda's wheels are not to be had: the package is NOT made here ({error})")
    return folder


def test_it_fits_into_lambda(package: Path) -> None:
    assert sum(path.stat().st_size for path in package.rglob("*") if path.is_file()) < LIMIT


def test_it_holds_what_a_function_is_made_of(package: Path) -> None:
    for role in roles():
        assert (package / "functions" / role.replace("-", "_") / "main.py").exists()
    assert (package / "shared" / "aws" / "handlers.py").exists()
    for name in CODE:
        held = {path.relative_to(package) for path in (package / name).rglob("*.sql")}
        assert held == {path.relative_to(ROOT) for path in (ROOT / name).rglob("*.sql")}
    assert not list(package.rglob("__pycache__"))


def test_modules_need_nothing_that_is_left_out(package: Path) -> None:
    """The handlers' modules are found in the package and this environment's binary wheels."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import infra.aws.keeper, shared.aws.runtime\n"
        "from shared.serve import load_function\n"
        "for role in sys.argv[2:]: load_function(role)\n"
        "outside = [m.__file__ for n, m in sys.modules.items()"
        " if n.partition('.')[0] in ('functions', 'shared', 'infra')"
        " and m.__file__ and not m.__file__.startswith(sys.argv[1])]\n"
        "assert not outside, outside\n"
    )
    code = package.parent / "code"
    code.mkdir()
    for name in ("functions", "shared", "infra", "schema"):
        (code / name).symlink_to(package / name)
    done = subprocess.run(
        [sys.executable, "-c", program, str(code), *sorted(roles())],
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_lock_has_what_aws_needs() -> None:
    assert "\nbotocore==" in LOCK.read_text()


def test_the_image_does_without_the_extra() -> None:
    """It imports all of its modules while it is built, and has no botocore."""
    program = (
        "import runpy, sys\n"
        "sys.modules['botocore'] = None\n"
        "sys.path.insert(0, '.')\n"
        "runpy.run_path('infra/docker/imports.py', run_name='__main__')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
