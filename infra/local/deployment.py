"""What a function is deployed with, as the provider API's JSON has it.

Source: github.com/openfaas/faas-provider, types/function_deployment.go. faas-cli sends `null` for
labels and annotations that are not given (proxy/deploy.go).
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")]
"""A DNS label (RFC 1035), as Kubernetes demands of what becomes a Service."""

SecretName = Annotated[str, Meta(pattern=r"^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")]
"""A DNS subdomain, as Kubernetes demands of a Secret; never a path."""

Text = Annotated[str, Meta(pattern=r"^[^\x00]*\Z")]
Variable = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*\Z")]


class Resources(msgspec.Struct, frozen=True, omit_defaults=True):
    """Memory (`128Mi`) and CPU (`100m`) as Kubernetes writes them."""

    memory: str = ""
    cpu: str = ""


class Deployment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """FunctionDeployment: what `faas-cli deploy` sends."""

    service: Name
    image: str = ""
    namespace: str = ""
    env_process: Text = ""
    env_vars: dict[Variable, Text] | None = None
    constraints: list[str] | None = None
    secrets: list[SecretName] | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    limits: Resources | None = None
    requests: Resources | None = None
    read_only_root_filesystem: bool = False
