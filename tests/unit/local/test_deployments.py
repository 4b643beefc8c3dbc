"""What the API changes is on disk before it holds, and is found again."""

from pathlib import Path

import pytest

from infra.local.deployment import Deployment
from infra.local.deployments import Deployments
from infra.local.secrets import Secrets
from infra.local.specs import spec_of
from infra.local.stackfile import StackFileError
from shared.errors import Problem

FILE = {"given": spec_of(Deployment(service="given", env_process="python given.py"))}


def deployments(folder: Path) -> Deployments:
    made = Deployments(folder / "functions", FILE, Secrets(folder / "secrets"), idle=3)
    made.restore()
    return made


def deployment(name: str, **variables: str) -> Deployment:
    process = "python3 -m shared.serve fb-consume"
    return Deployment(service=name, env_process=process, env_vars=variables)


def test_a_deployment_is_found_again_with_its_time_and_a_later_generation(tmp_path: Path) -> None:
    one = deployments(tmp_path)
    first = one.deploy(deployment("mine", A="1"), new=True)
    second = one.deploy(deployment("mine", A="2"), new=False)
    assert second.generation > first.generation > one.specs["given"].generation
    assert second.created == first.created
    assert second.argv == ("python", "-m", "shared.serve", "fb-consume")
    again = deployments(tmp_path)
    assert again.specs["mine"].deployment == second.deployment
    assert again.specs["mine"].created == first.created
    assert again.is_deployed("mine")
    assert not again.is_deployed("given")


def test_what_is_removed_stays_away_until_it_is_deployed(tmp_path: Path) -> None:
    one = deployments(tmp_path)
    one.remove("given")
    one.deploy(deployment("mine"), new=True)
    one.remove("mine")
    again = deployments(tmp_path)
    assert again.specs == {}
    again.deploy(deployment("given"), new=True)
    assert deployments(tmp_path).is_deployed("given")


def test_a_change_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    one = deployments(tmp_path)
    (tmp_path / "functions").write_text("in the way")
    before = dict(one.specs)
    with pytest.raises(OSError, match="functions"):
        one.deploy(deployment("mine"), new=True)
    with pytest.raises(OSError, match="functions"):
        one.remove("given")
    assert one.specs == before


@pytest.mark.parametrize("content", ["{", '{"deployment": {"service": "a"}, "created": 1}'])
def test_a_record_that_is_not_understood_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "odd.json").write_text(content)
    with pytest.raises(StackFileError, match=r"odd\.json.*remove the file"):
        deployments(tmp_path)


def test_creating_twice_and_changing_nothing_are_refused(tmp_path: Path) -> None:
    one = deployments(tmp_path)
    for problem, new, name in (("already_exists", True, "given"), ("not_found", False, "none")):
        with pytest.raises(Problem, match=problem):
            one.deploy(deployment(name), new=new)
    with pytest.raises(Problem, match="not_found"):
        one.remove("none")
