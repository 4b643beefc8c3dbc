"""Writes `.env.example`: `python -m infra.docker.environment`, which `make schema` runs.

All of it comes from shared/settings.py, but for the variables of docker-compose.local.yml.
"""

from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

import msgspec

from infra.local.nats_users import USERS, variable
from shared.settings import SECRETS, Settings
from shared.store.kinds import KINDS

EXAMPLE = Path(__file__).parents[2] / ".env.example"

COMPOSE = {
    "COMPOSE_NAME": ("hookstream", "Name of the Compose project."),
    "ENV_FILE": (".env", "File with the settings of the containers."),
    "IMAGE": ("hookstream:latest", "Image of all roles."),
    "BASE": ("python:3.12-slim", "Image that it is built upon."),
    "NATS_IMAGE": ("nats:2-alpine", "Image of the NATS server."),
    "POSTGRES_IMAGE": ("postgres:17-alpine", "Image of PostgreSQL."),
    "PROMETHEUS_IMAGE": ("prom/prometheus:latest", "Image of Prometheus."),
    "GRAFANA_IMAGE": ("grafana/grafana:latest", "Image of Grafana, in the profile grafana."),
    "GATEWAY_PORT": ("8080", "Port of the gateway on 127.0.0.1."),
    "PROMETHEUS_PORT": ("9090", "Port of Prometheus on 127.0.0.1."),
    "GRAFANA_PORT": ("3000", "Port of Grafana on 127.0.0.1."),
    "POSTGRES_PASSWORD": ("hookstream", "PostgreSQL's password, from the first start on."),
    **{
        variable(user): (user, f"Password of NATS' user {user}: letters, digits, -._~.")
        for user in USERS
    },
    **{
        f"{kind.upper()}_PASSWORD": (kind, f"Password of PostgreSQL's login {kind}, likewise.")
        for kind in KINDS
    },
    "CONNECTOR_REPLICAS": ("1", "Connectors that run."),
    "SECRETS": ("./secrets", "Folder of the files that infra/docker/secrets.yml mounts."),
    "PUBLISH_EVENTS": ("100000", "Events that the profile publisher sends."),
}
"""The variables of docker-compose.local.yml that are no settings, with their defaults."""

_WIDTH = 98
_HEAD = """\
# All settings with their defaults: copy to .env and change what is to differ. Generated from
# shared/settings.py by `make schema`.
#
# Any X may be given as X_FILE, the path of a file with its value. Secrets are looked for in the
# folder SECRETS_DIR, too. Sizes are bytes, times are seconds.
"""


def example() -> str:
    """Return the content of `.env.example`."""
    parts = (_HEAD, *_settings(), "# Docker Compose\n", *_compose())
    return "\n".join(parts)


def _settings() -> Iterator[str]:
    for field in msgspec.structs.fields(Settings):
        [meta] = field.type.__metadata__
        secret = " A secret." if field.name in SECRETS else ""
        default = "" if field.default is None else field.default
        shown = str(default).lower() if isinstance(default, bool) else default
        yield _entry(field.name.upper(), str(shown), f"{meta.description}{secret}")


def _compose() -> Iterator[str]:
    for name, (default, description) in COMPOSE.items():
        yield _entry(name, default, description)


def _entry(name: str, default: str, description: str) -> str:
    lines = (f"# {line}" for line in wrap(description, _WIDTH))
    return "\n".join((*lines, f"#{name}={default}\n"))


def main() -> None:
    """Write the file."""
    EXAMPLE.write_text(example())


if __name__ == "__main__":
    main()
