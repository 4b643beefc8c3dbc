"""The SAM template: what the linters say, and what it promises."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from deploy.environments import UnavailableError, environment
from deploy.manifests import INFRA, roles

from infra.aws.package import PYTHON
from shared.settings import SECRETS, Settings

FOLDER = INFRA / "aws"
TEMPLATE = FOLDER / "template.yaml"
STAGES = {path.stem: path for path in (FOLDER / "parameters").iterdir()}
SETTINGS = {field.name.upper(): field for field in msgspec.structs.fields(Settings)}
LIBPQ = {"PGSSLMODE"}

Resource = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms, `!Ref x`, as `{"Ref": "x"}`."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)
DOCUMENT: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a safe one
RESOURCES: dict[str, Resource] = DOCUMENT["Resources"]


def of_type(name: str) -> dict[str, Resource]:
    return {
        key: resource["Properties"]
        for key, resource in RESOURCES.items()
        if resource["Type"] == f"AWS::{name}"
    }


FUNCTIONS = of_type("Serverless::Function")
QUEUES = of_type("SQS::Queue")
ALARMS = of_type("CloudWatch::Alarm")
MAPPINGS = of_type("Lambda::EventSourceMapping")


@pytest.fixture(scope="module")
def programs() -> Path:
    try:
        return environment("sam")
    except UnavailableError as error:
        pytest.skip(f"sam and cfn-lint cannot be installed: the template is NOT linted ({error})")


def run(programs: Path, home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    variables = {"HOME": str(home), "PATH": f"{programs}:{os.environ['PATH']}"}
    variables |= {"AWS_DEFAULT_REGION": "eu-central-1", "SAM_CLI_TELEMETRY": "0"}
    return subprocess.run(
        [programs / command[0], *command[1:]],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


LINTERS = {
    "cfn-lint": ("cfn-lint",),
    "sam": ("sam", "validate", "--lint", "--template"),
}


@pytest.mark.parametrize("linter", LINTERS)
def test_linters_have_nothing_to_say(linter: str, programs: Path, tmp_path: Path) -> None:
    shutil.copy(TEMPLATE, tmp_path)
    done = run(programs, tmp_path, *LINTERS[linter], str(tmp_path / TEMPLATE.name))
    assert done.returncode == 0, done.stdout + done.stderr


def test_linters_would_say_it(programs: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / TEMPLATE.name
    spoilt.write_text(TEMPLATE.read_text().replace("FunctionResponseTypes", "FunctionResponse"))
    assert run(programs, tmp_path, "cfn-lint", str(spoilt)).returncode != 0


def variables(function: Resource) -> dict[str, Any]:
    shared = DOCUMENT["Globals"]["Function"]["Environment"]["Variables"]
    return {**shared, **function["Environment"]["Variables"]}


def test_every_role_is_a_function() -> None:
    found = [variables(function).get("ROLE") for function in FUNCTIONS.values()]
    assert sorted(role for role in found if role) == sorted(roles())
    assert [name for name, each in FUNCTIONS.items() if "ROLE" not in variables(each)] == ["Keeper"]


def test_functions_are_told_what_there_is() -> None:
    for function in FUNCTIONS.values():
        assert variables(function).keys() <= SETTINGS.keys() | LIBPQ


def test_no_secret_is_in_a_function_s_configuration() -> None:
    assert not {name.upper() for name in SECRETS} & {
        name for function in FUNCTIONS.values() for name in variables(function)
    }
    assert "{{resolve:" not in TEMPLATE.read_text()


def test_functions_run_on_what_the_package_is_made_for() -> None:
    shared = DOCUMENT["Globals"]["Function"]
    assert shared["Runtime"] == f"python{PYTHON}"
    assert shared["Architectures"] == ["x86_64"]
    assert shared["Handler"] == "shared.aws.handlers.handle"


def test_functions_on_urls_have_a_bound() -> None:
    for name, function in FUNCTIONS.items():
        if "FunctionUrlConfig" in function:
            assert function["ReservedConcurrentExecutions"], name


def test_urls_ask_for_signatures_unless_told_otherwise() -> None:
    for parameter in ("IngestAuth", "ReportsAuth"):
        assert DOCUMENT["Parameters"][parameter]["Default"] == "AWS_IAM"
    for function in FUNCTIONS.values():
        authentication = function.get("FunctionUrlConfig", {"AuthType": "AWS_IAM"})["AuthType"]
        assert authentication in ("AWS_IAM", {"Ref": "IngestAuth"}, {"Ref": "ReportsAuth"})


def test_an_open_url_lets_callers_in() -> None:
    """Both permissions, which sam adds by itself only for a literal NONE."""
    conditions = {"IngestAuth": "IngestIsOpen", "ReportsAuth": "ReportsAreOpen"}
    wanted = {
        (name, conditions[parameter], action)
        for name, function in FUNCTIONS.items()
        if isinstance(choice := function.get("FunctionUrlConfig", {}).get("AuthType"), dict)
        and (parameter := choice["Ref"])
        for action in ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
    }
    assert len(wanted) == 12
    assert wanted == {
        (each["FunctionName"]["Ref"], RESOURCES[key].get("Condition"), each["Action"])
        for key, each in of_type("Lambda::Permission").items()
    }


def test_mappings_report_single_failures_and_are_bounded() -> None:
    assert len(MAPPINGS) == 2
    for mapping in MAPPINGS.values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] == {"Ref": "CollectorConcurrency"}


def test_a_message_is_hidden_for_six_times_the_function_s_timeout() -> None:
    hidden = DOCUMENT["Parameters"]["VisibilityTimeout"]["Default"]
    for mapping in MAPPINGS.values():
        assert hidden == 6 * FUNCTIONS[mapping["FunctionName"]["Ref"]]["Timeout"]
    for path in STAGES.values():
        assert "VisibilityTimeout" not in yaml.safe_load(path.read_text())


def test_queues_lose_nothing_and_have_dead_letter_queues() -> None:
    fed = {mapping["EventSourceArn"]["GetAtt"].partition(".")[0] for mapping in MAPPINGS.values()}
    for name, queue in QUEUES.items():
        assert queue["MessageRetentionPeriod"] == 14 * 86_400
        assert queue["SqsManagedSseEnabled"] is True
        assert RESOURCES[name]["DeletionPolicy"] == "Retain"
        assert ("RedrivePolicy" in queue) == (name in fed)
    targets = {
        queue["RedrivePolicy"]["deadLetterTargetArn"]["GetAtt"].partition(".")[0]
        for queue in QUEUES.values()
        if "RedrivePolicy" in queue
    }
    assert len(targets) == len(fed)
    assert targets <= QUEUES.keys() - fed


def watched(metric: str) -> set[str]:
    """Return the queues or functions that some alarm on a metric is about."""
    text = {name: yaml.safe_dump(alarm) for name, alarm in ALARMS.items() if metric in str(alarm)}
    found = re.findall(r"(?:Ref: |GetAtt: )(\w+)", "\n".join(text.values()))
    return set(found) & {*FUNCTIONS, *QUEUES}


def test_alarms_watch_everything() -> None:
    fed = {name for name, queue in QUEUES.items() if "RedrivePolicy" in queue}
    assert watched("ApproximateNumberOfMessagesVisible") == QUEUES.keys() - fed
    assert watched("ApproximateAgeOfOldestMessage") == fed
    assert watched("Errors") == FUNCTIONS.keys() - {"Deadletter"}
    assert watched("Throttles") == FUNCTIONS.keys() - {"Deadletter", "Keeper"}


def test_logs_do_not_stay_for_ever() -> None:
    [(name, group)] = of_type("Logs::LogGroup").items()
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert DOCUMENT["Globals"]["Function"]["LoggingConfig"]["LogGroup"] == {"Ref": name}


def test_there_are_the_environments_that_knative_has() -> None:
    overlays = {path.name for path in (INFRA / "knative" / "overlays").iterdir()}
    assert STAGES.keys() == overlays
    config = (FOLDER / "samconfig.toml").read_text()
    assert set(re.findall(r"^\[(\w+)\.", config, re.MULTILINE)) == overlays


@pytest.mark.parametrize("stage", STAGES)
def test_an_environment_sets_what_there_is(stage: str) -> None:
    given = yaml.safe_load(STAGES[stage].read_text())
    declared = DOCUMENT["Parameters"]
    assert given["Stage"] == stage
    assert given.keys() <= declared.keys()
    for name, text in given.items():
        allowed = declared[name].get("AllowedValues", [text])
        assert text in allowed, name
        if declared[name]["Type"] == "Number":
            low, high = (declared[name].get(key, text) for key in ("MinValue", "MaxValue"))
            assert low <= text <= high, name
    required = {name for name, each in declared.items() if "Default" not in each}
    assert required - given.keys() == {"DatabaseSecretArn"}
