"""The laws that a simulation of queues must obey."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.planning.parts import Clock, Permits, Program, Step, Then
from infra.planning.simulation import Simulation, in_turn, together

SECONDS = 40.0


class Customers:
    """A closed number of customers that take a step again and again."""

    def __init__(self, simulation: Simulation, step: Step, number: int) -> None:
        self.begun = self.ended = 0
        self._step = step
        for _ in range(number):
            simulation.after(0, self._begin)

    def _begin(self) -> None:
        self.begun += 1
        self._step(self._end)

    def _end(self) -> None:
        self.ended += 1
        self._begin()


def busy(simulation: Simulation) -> dict[str, float]:
    return dict(simulation.shares())


@settings(deadline=None)
@given(cost=st.floats(0.1, 1), customers=st.integers(1, 5))
def test_one_program_saturates_at_one_over_its_cost(cost: float, customers: int) -> None:
    simulation = Simulation()
    program = simulation.program("program", simulation.machine("cores", 4))
    served = Customers(simulation, program.work(cost), customers)
    simulation.run(SECONDS)
    assert served.ended / SECONDS == pytest.approx(1 / cost, abs=1.01 / SECONDS)
    assert busy(simulation)["program"] == pytest.approx(1)


@settings(deadline=None)
@given(think=st.floats(0.5, 5), cost=st.floats(0.1, 0.5), customers=st.integers(1, 8))
def test_utilisation_is_throughput_times_cost(think: float, cost: float, customers: int) -> None:
    simulation = Simulation()
    program = simulation.program("program", simulation.machine("cores", 1))
    step = in_turn(simulation.delay(think), program.work(cost))
    served = Customers(simulation, step, customers)
    simulation.run(SECONDS)
    expected = served.ended / SECONDS * cost
    assert busy(simulation)["program"] == pytest.approx(expected, abs=2 * cost / SECONDS)


@settings(deadline=None)
@given(programs=st.integers(1, 6), cores=st.sampled_from([0.5, 1, 2, 4]))
def test_programs_share_the_cores_of_their_machine(programs: int, cores: float) -> None:
    simulation = Simulation()
    machine = simulation.machine("cores", cores)
    served = [
        Customers(simulation, simulation.program("program", machine).work(0.1), 1)
        for _ in range(programs)
    ]
    simulation.run(SECONDS)
    rate = sum(each.ended for each in served) / SECONDS
    assert rate == pytest.approx(min(programs, cores) / 0.1, abs=1.01 * programs / SECONDS)
    ended = [each.ended for each in served]
    assert max(ended) - min(ended) <= 1
    assert busy(simulation)["cores"] == pytest.approx(min(1, programs / cores))


def test_a_lock_makes_programs_take_turns() -> None:
    simulation = Simulation()
    machine = simulation.machine("cores", 8)
    lock = simulation.permits("lock", 1)
    inside = most = 0

    def enter(then: Then) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        then()

    def leave(then: Then) -> None:
        nonlocal inside
        inside -= 1
        then()

    served = [
        Customers(simulation, in_turn(lock.take, enter, program.work(0.1), leave, lock.give), 1)
        for program in (simulation.program("program", machine) for _ in range(4))
    ]
    simulation.run(SECONDS)
    assert most == 1
    assert sum(each.ended for each in served) / SECONDS == pytest.approx(10, rel=0.01)
    assert busy(simulation)["lock"] == pytest.approx(1)


def test_permits_let_as_many_in_as_there_are() -> None:
    permits = Permits("permits", Clock(), 2)
    entered = []
    for name in "abc":
        permits.take(lambda name=name: entered.append(name))  # type: ignore[misc]
    assert entered == ["a", "b"]
    assert permits.free == 0
    permits.give(lambda: entered.append("left"))
    assert entered == ["a", "b", "c", "left"]
    permits.give(_nothing)
    permits.give(_nothing)
    assert permits.free == 2


@settings(deadline=None)
@given(
    costs=st.lists(st.floats(0.01, 0.5), min_size=1, max_size=5),
    customers=st.integers(1, 10),
)
def test_whoever_begins_is_under_way_or_has_ended(costs: list[float], customers: int) -> None:
    simulation = Simulation()
    machine = simulation.machine("cores", 2)
    steps = [simulation.program("program", machine).work(cost) for cost in costs]
    served = Customers(simulation, in_turn(*steps), customers)
    simulation.run(10)
    assert served.begun - served.ended == customers


def test_a_program_works_in_the_order_of_asking() -> None:
    simulation = Simulation()
    program = simulation.program("program", simulation.machine("cores", 1))
    ended: list[tuple[str, float]] = []
    for name, seconds in (("long", 3.0), ("short", 1.0)):
        program.do(seconds, lambda name=name: ended.append((name, simulation.now)))  # type: ignore[misc]
    simulation.run(SECONDS)
    assert ended == [("long", 3.0), ("short", 4.0)]


def test_what_is_done_together_ends_with_the_last() -> None:
    simulation = Simulation()
    ended: list[float] = []
    both = together(simulation.delay(1), simulation.delay(3))
    in_turn(both, simulation.delay(2))(lambda: ended.append(simulation.now))
    simulation.run(SECONDS)
    assert ended == [5.0]


def test_a_warm_up_does_not_count() -> None:
    simulation = Simulation()
    program: Program = simulation.program("program", simulation.machine("cores", 1))
    program.do(5, _nothing)
    simulation.run(10)
    simulation.reset()
    assert busy(simulation) == {"cores": 0, "program": 0}
    simulation.run(20)
    assert busy(simulation) == {"cores": 0, "program": 0}


def test_a_run_can_be_stopped() -> None:
    simulation = Simulation()
    simulation.after(3, simulation.stop)
    simulation.after(4, simulation.stop)
    simulation.run(SECONDS)
    assert simulation.now == 3


def _nothing() -> None:
    """End a chain of steps."""
