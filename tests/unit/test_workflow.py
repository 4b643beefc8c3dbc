"""The workflow runs what there is, on what is supported, with actions that nobody can exchange."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
TOOLS = {"sudo apt-get install --yes strace"}
"""What runs that is not of this project."""

Job = dict[str, Any]


def jobs() -> dict[str, Job]:
    """Return every job by the names of its file and its own."""
    return {
        f"{path.stem}.{name}": job
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text())["jobs"].items()
    }


def commands() -> list[str]:
    return [
        line.strip()
        for job in jobs().values()
        for step in job["steps"]
        for line in step.get("run", "").splitlines()
    ]


def is_there(command: str) -> bool:
    """Say whether a command names a target of the Makefile, or files that there are."""
    program, *arguments = command.split()
    if program == "make":
        targets = [each for each in arguments if "=" not in each]
        return bool(targets) and set(targets) <= TARGETS
    files = [each for each in arguments if "/" in each]
    return program in {"bash", "docker"} and bool(files) and all(map(_is_file, files))


def _is_file(path: str) -> bool:
    return (ROOT / path).is_file()


@pytest.mark.parametrize("command", sorted(set(commands()) - TOOLS))
def test_the_workflow_runs_what_there_is(command: str) -> None:
    assert is_there(command)


@pytest.mark.parametrize(
    "command",
    ["make tset", "make", "make PYTHON=python", "bash .ci/runs", "bash", "docker build .", "lint"],
)
def test_what_there_is_not_is_noticed(command: str) -> None:
    assert not is_there(command)


def test_makefile_s_commands_name_files_that_there_are() -> None:
    named = re.findall(r"\btests/[\w./]*", (ROOT / "Makefile").read_text())
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_image_smoke_test_and_manifests_have_their_jobs() -> None:
    assert {"make manifests PYTHON=python", "make containers PYTHON=python"} <= set(commands())
    assert any(command.startswith("docker build") for command in commands())
    assert "bash .ci/run" in commands()


def test_actions_are_named_by_commit() -> None:
    texts = "".join(path.read_text() for path in WORKFLOWS)
    used = re.findall(r"uses: *(\S+)(.*)", texts)
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


@pytest.mark.parametrize("name", jobs())
def test_jobs_end_and_may_only_read(name: str) -> None:
    assert 0 < jobs()[name]["timeout-minutes"] <= 45
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert jobs()["ci.test"]["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
