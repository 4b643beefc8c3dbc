"""One definition of who may do what on NATS, wherever a server is configured."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.manifests import INFRA, ROOT

from infra.local.invocations.messages import CALLS, RESULTS
from infra.local.nats_server import nats_binary
from infra.local.nats_users import GATEWAY, QUEUE_WORKER, USERS, NatsUsers, variable
from shared.access.broker import SUBJECT as KEYS
from shared.dead_letters.selection import LETTER_SOURCES
from shared.events.model import SOURCES
from shared.stream.dead_letters import SUBJECT_PREFIX as LETTERS
from shared.stream.packing import subject

CONFIGURATION = INFRA / "nats" / "hookstream.conf"
PASSWORDS = {variable(user): "secret" for user in USERS}


def definition() -> dict[str, dict[str, Any]]:
    """Return the users of users.conf, which is YAML too."""
    text = (INFRA / "nats" / "users.conf").read_text()
    return {each["user"]: each for each in yaml.safe_load(text)["authorization"]["users"]}


def checked(configuration: Path, **environment: str) -> str:
    """Return what nats-server says of a configuration; fails if it does not take it."""
    line = [str(nats_binary()), "-t", "-c", str(configuration)]
    done = subprocess.run(
        line, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_each_user_is_defined_with_the_password_that_is_its_own() -> None:
    assert definition().keys() == set(USERS)
    for user, found in definition().items():
        assert found["password"] == f"${variable(user)}"
        assert found.keys() == {"user", "password", "permissions"}
        assert found["permissions"].keys() == {"publish", "subscribe"}


def test_nobody_but_the_operator_has_a_right_to_everything() -> None:
    for user, found in definition().items():
        rights = {each for kind in found["permissions"].values() for each in kind}
        assert (">" in rights) == (user == "operator")
        if user != "operator":
            assert found["permissions"]["subscribe"] == [f"_INBOX.{user}.>"]


def test_subjects_are_those_of_the_streams() -> None:
    rights = {user: set(found["permissions"]["publish"]) for user, found in definition().items()}
    events = {subject(source) for source in SOURCES}
    for user in ("ingest", "deadletter"):
        assert {each for each in rights[user] if each.startswith("events.")} == events
    for user in ("ingest", "connector"):
        assert f"{LETTERS}.*" in rights[user]
    assert not any("." in source for source in LETTER_SOURCES)
    assert KEYS in rights["connector"]
    assert {f"{CALLS}.*", f"{RESULTS}.*"} <= rights[QUEUE_WORKER]


def test_compose_s_server_has_them() -> None:
    assert 'include "users.conf"' in CONFIGURATION.read_text().splitlines()
    checked(CONFIGURATION, **PASSWORDS)
    server = yaml.safe_load((ROOT / "docker-compose.local.yml").read_text())["services"]["nats"]
    assert server["environment"].keys() == PASSWORDS.keys()
    for name in (CONFIGURATION.name, "users.conf"):
        assert f"./infra/nats/{name}:/etc/nats/{name}:ro" in server["volumes"]


def test_it_does_not_start_without_a_password() -> None:
    with pytest.raises(AssertionError, match="variable reference for 'NATS_INGEST_PASSWORD'"):
        checked(CONFIGURATION, **{k: v for k, v in PASSWORDS.items() if "INGEST" not in k})


def test_kubernetes_servers_have_them(tmp_path: Path) -> None:
    values = yaml.safe_load((INFRA / "nats" / "values.yaml").read_text())
    merged = values["config"]["merge"]
    # The chart writes what stands between << and >> as it is.
    text = re.sub(r'"<< ([^">]*) >>"', r"\1", json.dumps(merged))
    configuration = tmp_path / "nats.conf"
    configuration.write_text(text)
    of_kubernetes = set(USERS) - {GATEWAY, QUEUE_WORKER}
    given = {variable(user) for user in of_kubernetes}
    checked(configuration, **dict.fromkeys(given, "secret"))
    expected = [found for user, found in definition().items() if user in of_kubernetes]
    assert yaml.safe_load(re.sub(r"<< (.*) >>", r"\1", yaml.dump(merged)))["authorization"] == {
        "users": expected
    }
    assert {
        name: (
            source["valueFrom"]["secretKeyRef"]["name"],
            source["valueFrom"]["secretKeyRef"]["key"],
        )
        for name, source in values["container"]["env"].items()
    } == {variable(user): ("nats-users", user) for user in of_kubernetes}


def test_the_embedded_server_has_them(tmp_path: Path) -> None:
    users = NatsUsers(tmp_path / "users")
    users.make()
    configuration = tmp_path / "nats.conf"
    configuration.write_text(users.authorization())
    checked(configuration)
    assert (INFRA / "nats" / "users.conf").read_text() in configuration.read_text()
