"""The project's own stack file, deployed to a running stack as `faas-cli deploy -f` sends it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from builders import facebook, tiktok
from deploy.faas_cli import FaasCli
from stack import Stack, until

from infra.local.stackfile import DEFAULT_STACK, read_stack


@pytest.fixture
def stack(state: Path) -> Iterator[Stack]:
    stack = Stack(state / "stack")
    yield stack
    stack.down()


def request_of(function: str) -> dict[str, Any]:
    """Return what faas-cli would send (commands/deploy.go), by the file's own reading."""
    deployment = msgspec.to_builtins(read_stack(DEFAULT_STACK)[function].deployment)
    assert deployment.pop("service") == function
    return dict(deployment)


def test_every_function_is_deployed_over_itself_and_loses_nothing(stack: Stack) -> None:
    stack.up()
    faas = FaasCli(stack.urls["gateway"])
    names = [each["name"] for each in faas.listed()]
    assert names == sorted(read_stack(DEFAULT_STACK))
    stack.post([facebook(), tiktok()])
    faas.create_secret("database-url", literal=stack.urls["database"])
    for name in names:
        assert faas.deploy(name, **request_of(name)) == "PUT"
    stack.post([facebook(), tiktok()])
    stack.settle(4)
    report = faas.describe("report-events")
    assert (report["secrets"], report["invocationCount"] > 0) == (
        ["database-url-reader"],
        True,
    )
    assert report["limits"] == request_of("report-events")["limits"]
    assert report["readOnlyRootFilesystem"] is True
    assert {f["deployedBy"] for f in stack.status()["functions"]} == {"api"}
    stack.down()
    stack.up()
    stack.post(facebook())
    stack.settle(5)


def test_a_replica_is_told_by_its_name_in_the_log(stack: Stack) -> None:
    stack.up()
    stack.post(facebook())
    faas = FaasCli(stack.urls["gateway"])

    def logged() -> bool:
        with faas.logs("webhook-ingest", follow=False) as lines:
            return any('"message":"request"' in line["text"] for line in lines)

    until(logged)
    with faas.logs("webhook-ingest", follow=False, lines=1) as lines:
        [line] = lines
    assert line["instance"].startswith("webhook-ingest-")
