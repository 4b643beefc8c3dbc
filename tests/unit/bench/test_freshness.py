"""Freshness: from what was accepted when and what was seen when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.bench.freshness import Mark, Percentiles, cumulative, freshness, percentiles

moments = st.integers(0, 10_000).map(lambda tenths: tenths / 10)
answers = st.lists(st.tuples(moments, st.integers(1, 500)), max_size=40)


def test_answers_add_up_in_the_order_of_their_moments() -> None:
    assert cumulative([(3.0, 5), (1.0, 10), (2.0, 1)]) == [
        Mark(1.0, 10),
        Mark(2.0, 11),
        Mark(3.0, 16),
    ]


def test_events_are_fresh_at_the_first_look_that_saw_as_many() -> None:
    accepted = [Mark(1.0, 10), Mark(2.0, 30)]
    visible = [Mark(0.5, 0), Mark(1.5, 9), Mark(2.5, 12), Mark(4.0, 30)]
    assert freshness(accepted, visible) == [(1.5, 10), (2.0, 20)]


def test_one_look_may_see_several_answers() -> None:
    accepted = [Mark(1.0, 10), Mark(2.0, 30)]
    assert freshness(accepted, [Mark(3.0, 30)]) == [(2.0, 10), (1.0, 20)]


def test_events_may_be_seen_before_their_answer_came() -> None:
    assert freshness([Mark(2.0, 10)], [Mark(1.0, 10)]) == [(0.0, 10)]


def test_what_no_look_saw_is_left_out() -> None:
    assert freshness([Mark(1.0, 10), Mark(2.0, 20)], [Mark(3.0, 19)]) == [(2.0, 10)]
    assert freshness([Mark(1.0, 10)], []) == []


@given(answers, st.floats(0, 100))
def test_a_constant_lag_is_found(given_answers: list[tuple[float, int]], lag: float) -> None:
    accepted = cumulative(given_answers)
    found = freshness(accepted, [Mark(mark.at + lag, mark.events) for mark in accepted])
    assert sum(events for _, events in found) == sum(events for _, events in given_answers)
    assert all(seconds == pytest.approx(lag) for seconds, _ in found)


def test_percentiles_weigh_by_events() -> None:
    pairs = [(5.0, 1), (1.0, 50), (2.0, 44), (3.0, 5)]
    assert percentiles(pairs) == Percentiles(p50=1.0, p95=3.0, p99=3.0, most=5.0)


def test_percentiles_of_nothing_are_none() -> None:
    assert percentiles([]) == Percentiles(None, None, None, None)
    assert percentiles([(1.0, 0)]) == Percentiles(None, None, None, None)


@given(st.lists(st.tuples(st.floats(0, 100), st.integers(1, 5)), min_size=1))
def test_percentiles_are_those_of_the_spread_out_list(pairs: list[tuple[float, int]]) -> None:
    flat = sorted(value for value, weight in pairs for _ in range(weight))

    def nearest_rank(percent: int) -> float:
        return flat[-(-percent * len(flat) // 100) - 1]

    found = percentiles(pairs)
    assert (found.p50, found.p95, found.p99, found.most) == (
        *map(nearest_rank, (50, 95, 99)),
        flat[-1],
    )
