"""The functions as the OpenFaaS provider API lists them: `GET /system/functions`.

Schema FunctionStatus: https://github.com/openfaas/faas-provider, types/function_status.go.
"""

from collections.abc import Iterable

import msgspec

from infra.local.pool import Pool
from infra.local.routes import NAMESPACE

PATH = b"/system/functions"


def list_functions(pools: Iterable[Pool]) -> bytes:
    """Return the JSON array of the functions with their replicas."""
    return msgspec.json.encode([_status(pool) for pool in pools])


def _status(pool: Pool) -> dict[str, object]:
    return {
        "name": pool.spec.name,
        "namespace": NAMESPACE,
        "envProcess": " ".join(pool.spec.argv),
        "replicas": pool.replicas,
        "availableReplicas": pool.available,
    }
