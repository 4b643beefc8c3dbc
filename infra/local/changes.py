"""Carries out what the provider API asks of the supervisor."""

from collections.abc import Callable

from infra.local.control import Answered, Deploy, Deployed, Remove, Removed, ToGateway
from infra.local.deployments import Deployments
from infra.local.fleet import Fleet
from shared.errors import Problem


class Changes:
    """Changes the functions, has the fleet follow, and tells the gateway before it answers.

    `forget` lets go of what was laid out for a function's replicas.
    """

    def __init__(
        self,
        deployments: Deployments,
        fleet: Fleet,
        tell: Callable[[ToGateway], None],
        forget: Callable[[str], None],
    ) -> None:
        self._forget = forget
        self._deployments = deployments
        self._fleet = fleet
        self._tell = tell

    def carry_out(self, message: Deploy | Remove) -> Answered:
        """Do what a message says; return what came of it."""
        try:
            if isinstance(message, Deploy):
                self._deploy(message)
            else:
                self._remove(message.function)
        except Problem as problem:
            return Answered(message.call, problem.kind.code, problem.detail)
        except OSError as error:
            return Answered(message.call, "internal_error", f"Nothing has changed: {error}.")
        return Answered(message.call)

    def _deploy(self, message: Deploy) -> None:
        spec = self._deployments.deploy(message.deployment, new=message.new)
        self._fleet.renew(spec.name)
        self._tell(Deployed(spec))

    def _remove(self, name: str) -> None:
        self._deployments.remove(name)
        self._tell(Removed(name))
        self._forget(name)
