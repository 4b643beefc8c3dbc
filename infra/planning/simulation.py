"""A discrete-event simulation, and steps put together from steps."""

from typing import NamedTuple

from infra.planning.parts import Clock, Machine, Part, Permits, Program, Step, Then


class Share(NamedTuple):
    """How much of its time a part was busy, 0 to 1."""

    name: str
    busy: float


class Simulation(Clock):
    """A clock, and the parts that follow it."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[Part] = []

    def machine(self, name: str, cores: float) -> Machine:
        """Add a machine."""
        machine = Machine(name, self, cores)
        self._parts.append(machine)
        return machine

    def program(self, name: str, machine: Machine) -> Program:
        """Add a program."""
        program = Program(name, self, machine)
        self._parts.append(program)
        return program

    def permits(self, name: str, number: int) -> Permits:
        """Add permits."""
        permits = Permits(name, self, number)
        self._parts.append(permits)
        return permits

    def reset(self) -> None:
        """Forget how busy everything was: a warm-up is over."""
        for part in self._parts:
            part.reset()

    def shares(self) -> list[Share]:
        """Return how busy each part was."""
        return [Share(part.name, part.share()) for part in self._parts]


def in_turn(*steps: Step) -> Step:
    """Return the step that is these steps, one after the other."""

    def begin(then: Then, at: int = 0) -> None:
        if at == len(steps):
            then()
        else:
            steps[at](lambda: begin(then, at + 1))

    return begin


def together(*steps: Step) -> Step:
    """Return the step that is all of these at the same time, until the last one ends."""

    def begin(then: Then) -> None:
        left = len(steps)

        def ended() -> None:
            nonlocal left
            left -= 1
            if not left:
                then()

        for step in steps:
            step(ended)

    return begin
