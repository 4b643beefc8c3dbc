"""ttk-consume: stores the tiktok events that the connector delivers, each exactly once."""

from functools import partial

from shared.collector import Collector
from shared.web import Function, framework_target

function = Function("ttk-consume", partial(Collector, "tiktok"))
ttk_consume = framework_target(function)
