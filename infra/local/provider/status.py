"""What the provider API says of functions and of itself.

Source: github.com/openfaas/faas-provider, types/function_status.go and requests.go;
github.com/openfaas/faas, gateway/types/inforequest.go. What Go leaves out when it is zero is there
with its zero, which Go reads alike.
"""

import platform
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import msgspec
import psutil

from infra.local.pool import Pool

NAMESPACE = "openfaas-fn"

Document = dict[str, Any]


def function_status(pool: Pool, invocations: int) -> Document:
    """Return FunctionStatus of one function."""
    members = msgspec.to_builtins(pool.spec.deployment)
    del members["service"]
    return {
        "name": pool.spec.name,
        "image": "",
        **members,
        "namespace": NAMESPACE,
        "invocationCount": invocations,
        "replicas": pool.wanted,
        "availableReplicas": pool.available,
        "createdAt": datetime.fromtimestamp(pool.spec.created, UTC).isoformat(timespec="seconds"),
    }


def usage(processes: list[int]) -> Document:
    """Return FunctionUsage of processes: bytes, and thousandths of a core since their start.

    faas-provider's word for the CPU is the increase since the last measurement, of which there is
    none here.
    """
    memory, cores = 0.0, 0.0
    now = datetime.now(UTC).timestamp()
    for pid in processes:
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                memory += process.memory_info().rss
                times = process.cpu_times()
                cores += (times.user + times.system) / max(0.01, now - process.create_time())
        except psutil.NoSuchProcess:
            continue
    return {"cpu": round(cores * 1000, 3), "totalMemoryBytes": memory}


def gateway_info() -> Document:
    """Return GatewayInfo: gateway and provider are one program here."""
    release = {"sha": "", "release": version("hookstream")}
    provider = {"provider": "hookstream", "orchestration": "processes", "version": release}
    return {"provider": provider, "version": release, "arch": platform.machine()}
