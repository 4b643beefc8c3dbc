"""ttk-consume: stores the tiktok events that the connector delivers, each exactly once."""

from functools import partial

from shared.collector import Collector, guarding
from shared.openapi.operations import Api
from shared.web import Function, framework_target


def describe() -> Api:
    """Return what the function serves."""
    from shared.openapi.collectors import describe_collector  # noqa: PLC0415 - only when asked

    return describe_collector("tiktok", "ttk-consume")


function = Function("ttk-consume", partial(Collector, "tiktok"), describe, guarding)
ttk_consume = framework_target(function)
