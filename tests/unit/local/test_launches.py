"""Whom the environment of the one who called `up` reaches."""

from dataclasses import replace
from pathlib import Path

import pytest

from infra.local.deployment import Deployment
from infra.local.launches import Launches
from infra.local.logins import DatabaseUrls
from infra.local.options import Options
from infra.local.secrets import Secrets
from infra.local.specs import spec_of
from infra.local.state import StateDir

SECRET = ("BASIC_AUTH_USER", "BASIC_AUTH_PASSWORD", "BASIC_AUTH_PASSWORD_FILE")
THEIRS = ("DATABASE_URL", "DATABASE_URL_FILE", "DATABASE_LOGINS", "NATS_LOGINS")
ONE = spec_of(Deployment(service="one", env_process="python one.py", secrets=["nats-url"]))


@pytest.fixture
def launches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Launches:
    for name in (*SECRET, *THEIRS, "NATS_URL", "SECRETS_DIR"):
        monkeypatch.setenv(name, "theirs")
    state = StateDir(tmp_path / "state")
    state.make()
    secrets = Secrets(state.secrets)
    urls = DatabaseUrls("postgresql://ours", {"connector": "postgresql://connector"})
    made = Launches(Options(), state, secrets, 8080, "nats://ours", urls)
    secrets.given = made.provided()
    return made


def test_only_the_gateway_gets_the_credentials(launches: Launches) -> None:
    gateway = launches.gateway(3, 4)
    assert {gateway.env[name] for name in SECRET} == {"theirs"}
    for other in (launches.connector(3), launches.queue_worker(3), launches.replica(ONE, "x", 3)):
        assert not other.env.keys() & {*SECRET, "DATABASE_URL_FILE"}, other.name
    assert launches.prepare().env["DATABASE_URL"] == "postgresql://ours"
    assert launches.connector(3).env["DATABASE_URL"] == "postgresql://connector"
    assert "DATABASE_URL" not in launches.queue_worker(3).env
    for program in (launches.prepare(), launches.connector(3), gateway):
        assert "theirs" not in {program.env.get(name) for name in THEIRS}


def test_each_kind_of_function_finds_the_login_of_its_kind(launches: Launches) -> None:
    for kind, url in (
        ("connector", "postgresql://connector"),
        ("collector", "postgresql://ours"),  # it has no login of its own
    ):
        spec = replace(ONE, secrets=(f"database-url-{kind}",))
        folder = Path(launches.replica(spec, "x", 3).env["SECRETS_DIR"])
        assert (folder / f"database-url-{kind}").read_text() == url


def test_a_replica_finds_the_secrets_it_lists_as_files_and_no_url_in_its_environment(
    launches: Launches,
) -> None:
    program = launches.replica(ONE, "one-1", 3)
    assert not program.env.keys() & {"NATS_URL", "DATABASE_URL"}
    folder = Path(program.env["SECRETS_DIR"])
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"nats-url": "nats://ours"}
    launches.secrets.create("nats-url", b"nats://stored")
    launches.replica(ONE, "one-2", 3)
    assert (folder / "nats-url").read_text() == "nats://stored"
    with pytest.raises(FileNotFoundError, match="secret absent"):
        launches.replica(replace(ONE, secrets=("absent",)), "one-3", 3)


def test_a_function_does_not_choose_what_is_the_platforms(launches: Launches) -> None:
    spec = replace(ONE, environment={"SECRETS_DIR": "/etc", "LISTEN_FD": "9", "MINE": "1"})
    env = launches.replica(spec, "one-1", 3).env
    assert (env["LISTEN_FD"], env["MINE"], env["INSTANCE"]) == ("3", "1", "one-1")
    assert env["SECRETS_DIR"] != "/etc"


def test_only_connector_and_collectors_have_the_delivery_key(launches: Launches) -> None:
    key = launches.delivery_key
    assert len(key) > 30
    assert launches.connector(3).env["DELIVERY_KEY"] == key
    for other in (launches.gateway(3, 4), launches.queue_worker(3), launches.replica(ONE, "x", 3)):
        assert key not in other.env.values(), other.name
    collector = replace(ONE, secrets=("delivery-key",))
    folder = Path(launches.replica(collector, "x", 3).env["SECRETS_DIR"])
    assert (folder / "delivery-key").read_text() == key


@pytest.mark.parametrize(
    ("host", "given", "expected"),
    [
        ("127.0.0.1", None, None),
        ("127.0.0.1", "keys", "keys"),
        ("0.0.0.0", None, "keys"),  # noqa: S104 - what is tried
        ("0.0.0.0", "auto", "keys"),  # noqa: S104 - likewise
        ("0.0.0.0", "none", "none"),  # noqa: S104 - likewise
    ],
)
def test_replicas_ask_whom_the_gateway_lets_through(
    launches: Launches,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    given: str | None,
    expected: str | None,
) -> None:
    if given is None:
        monkeypatch.delenv("AUTH", raising=False)
    else:
        monkeypatch.setenv("AUTH", given)
    reached = replace(launches, options=Options(host=host))
    assert reached.replica(ONE, "x", 3).env.get("AUTH") == expected
    assert reached.gateway(3, 4).env.get("AUTH") == expected
