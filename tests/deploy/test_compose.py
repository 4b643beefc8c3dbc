"""docker-compose.local.yml, with a real engine: the tests follow the life of one stack."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from deploy.engine import Compose, Engine
from deploy.manifests import INFRA, roles
from stack import until

from infra.local.nats_users import USERS

pytestmark = pytest.mark.timeout(1200)

EVENTS = 100_000
PASSWORD = "pa55w0rd"  # noqa: S105 - of a stack that lives as long as the test
COLLECTORS = ("fb-consume", "ttk-consume")


@pytest.fixture(scope="module")
def secrets(scratch: Path) -> Path:
    folder = scratch / "secrets"
    folder.mkdir(mode=0o755)
    url = f"postgresql://hookstream:{PASSWORD}@postgres:5432/hookstream\n"
    nats = {f"nats-url-{user}": f"nats://{user}:{user}@nats:4222" for user in USERS}
    logins = ",".join(f"{user}:{user}" for user in USERS)
    database = {
        "database-url": url,
        "database-url-connector": "postgresql://connector:of-the-file@postgres:5432/hookstream\n",
        "database-logins": "collector:of-the-file,connector:of-the-file,reader:of-the-file\n",
    }
    for name, text in {**nats, **database, "nats-logins": logins}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o444)
    scratch.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def compose(engine: Engine, image: str, secrets: Path) -> Iterator[Compose]:
    environment = {
        "COMPOSE_NAME": f"hookstream-test-{os.getpid()}",
        "IMAGE": image,
        "GATEWAY_PORT": "0",
        "PROMETHEUS_PORT": "0",
        "POSTGRES_PASSWORD": PASSWORD,
        "SECRETS": str(secrets),
    }
    stack = Compose(Engine(engine.docker, environment))
    try:
        yield stack
    finally:
        stack.run("--profile", "*", "down", "--volumes", "--timeout", "30")


def test_comes_up(compose: Compose) -> None:
    compose.up("--build")
    [prepare] = compose.run("ps", "-a", "-q", "prepare").split()
    assert compose.engine.inspect(prepare)["State"]["ExitCode"] == 0


def test_proves_what_was_sent(compose: Compose) -> None:
    said = compose.publish(EVENTS)
    assert f"{EVENTS:,} sent = {EVENTS:,} reported" in said
    assert "equal to the cent" in said
    compose.run("exec", "-T", "gateway", "hookstream", "reconcile")


@pytest.mark.parametrize("role", sorted(roles()))
def test_every_role_is_ready(compose: Compose, role: str) -> None:
    url = f"{compose.url('gateway', 8080)}/function/{role}/health/ready"
    # What has just been woken may not be connected yet.
    until(lambda: httpx2.get(url, timeout=60).status_code == 200)


def test_the_dashboard_has_its_page(compose: Compose) -> None:
    gateway = compose.url("gateway", 8080)
    page = httpx2.get(f"{gateway}/function/report-dashboard/", timeout=60)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


def test_collectors_go_to_zero_and_come_back(compose: Compose) -> None:
    until(lambda: not any(compose.replicas()[name] for name in COLLECTORS), timeout=60)
    assert "1,000 sent = 1,000 reported" in compose.publish(1_000)
    assert any(compose.replicas()[name] for name in COLLECTORS)


def test_two_connectors_share_the_work(compose: Compose) -> None:
    engine = compose.engine
    doubled = Compose(
        replace(engine, environment={**engine.environment, "CONNECTOR_REPLICAS": "2"})
    )
    doubled.up()
    assert "1,000 sent = 1,000 reported" in doubled.publish(1_000)
    assert len(doubled.containers("connector")) == 2
    doubled.run("exec", "-T", "gateway", "hookstream", "reconcile")


def test_prometheus_sees_all_of_it(compose: Compose) -> None:
    url = f"{compose.url('prometheus', 9090)}/api/v1/targets"

    def healthy() -> set[str]:
        targets = httpx2.get(url, timeout=10).json()["data"]["activeTargets"]
        return {t["labels"]["job"] for t in targets if t["health"] == "up"}

    until(lambda: healthy() == {"connector", "functions"}, timeout=60)


def test_down_and_up_keep_the_data(compose: Compose) -> None:
    assert "1,000 sent = 1,000 reported" in compose.publish(1_000)
    before = compose.total_events()
    compose.run("down")
    assert not compose.containers("postgres")
    compose.up()
    assert compose.total_events() == before >= 1_000
    compose.run("exec", "-T", "gateway", "hookstream", "reconcile", "--deep")


def test_secrets_may_be_files(compose: Compose) -> None:
    files = (*compose.files, INFRA / "docker" / "secrets.yml")
    guarded = Compose(compose.engine, files)
    guarded.up()
    assert "1,000 sent = 1,000 reported" in guarded.publish(1_000)
    guarded.run("exec", "-T", "gateway", "hookstream", "reconcile")
    for service in ("gateway", "connector"):
        [container] = guarded.containers(service)
        assert PASSWORD not in str(container)


@pytest.mark.parametrize("name", ["dev", "staging", "production"])
def test_environments_reach_the_containers(compose: Compose, name: str) -> None:
    # One of the test's own variables would win over the file.
    engine = Engine(compose.engine.docker)
    path = f"infra/docker/{name}.env"
    files = ("-f", "docker-compose.local.yml")
    text = engine.run("compose", "--env-file", path, *files, "config", "--format", "json")
    config = json.loads(text)
    assert config["name"] == f"hookstream-{name}"
    level = config["services"]["gateway"]["environment"]["LOG_LEVEL"]
    assert level == ("DEBUG" if name == "dev" else "INFO")


def test_nothing_of_ours_runs_as_root_or_may_write(compose: Compose) -> None:
    for service in ("gateway", "connector"):
        [container] = compose.containers(service)
        assert container["Config"]["User"] == "10001:10001"
        assert container["HostConfig"]["ReadonlyRootfs"]
        assert container["HostConfig"]["CapDrop"] == ["ALL"]
        assert container["State"]["Health"]["Status"] == "healthy"
