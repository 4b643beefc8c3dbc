"""fb-consume: stores the facebook events that the connector delivers, each exactly once."""

from functools import partial

from shared.collector import Collector
from shared.web import Function, framework_target

function = Function("fb-consume", partial(Collector, "facebook"))
fb_consume = framework_target(function)
