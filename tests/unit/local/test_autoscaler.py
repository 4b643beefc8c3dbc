from hypothesis import given
from hypothesis import strategies as st

from infra.local.autoscaler import Autoscaler

observations = st.lists(st.tuples(st.floats(0, 20), st.integers(0, 40)), min_size=1, max_size=40)
limits = st.tuples(st.integers(0, 3), st.integers(1, 5)).filter(lambda pair: pair[0] <= pair[1])


@given(limits, st.integers(1, 10), st.floats(0, 30), observations)
def test_wants_what_the_busiest_moment_within_the_idle_time_needed(
    between: tuple[int, int], target: int, idle: float, seen: list[tuple[float, int]]
) -> None:
    minimum, maximum = between
    scaler = Autoscaler(minimum, maximum, target, idle)
    now, history = 0.0, []
    for pause, in_flight in seen:
        now += pause
        history.append((now, min(maximum, -(-in_flight // target))))
        recent = [needed for at, needed in history if now - at < idle]
        assert scaler.desired(in_flight, now) == max(minimum, history[-1][1], *recent)


def test_goes_to_zero_only_after_the_idle_time() -> None:
    scaler = Autoscaler(0, 4, 2, idle=15)
    assert scaler.desired(0, 0) == 0
    assert scaler.desired(3, 1) == 2
    assert scaler.desired(1, 10) == 2
    assert scaler.desired(0, 15.9) == 2
    assert scaler.desired(0, 16) == 1
    assert scaler.desired(0, 25) == 0


def test_holds_replicas_that_it_did_not_ask_for() -> None:
    scaler = Autoscaler(0, 4, 2, idle=15)
    scaler.hold(3, 100)
    assert scaler.desired(0, 114) == 3
    assert scaler.desired(0, 115) == 0
