"""fb-consume: stores the facebook events that the connector delivers, each exactly once."""

from functools import partial

from shared.collector import Collector, guarding
from shared.openapi.operations import Api
from shared.web import Function, framework_target


def describe() -> Api:
    """Return what the function serves."""
    from shared.openapi.collectors import describe_collector  # noqa: PLC0415 - only when asked

    return describe_collector("facebook", "fb-consume")


function = Function("fb-consume", partial(Collector, "facebook"), describe, guarding)
fb_consume = framework_target(function)
