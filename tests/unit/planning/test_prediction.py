"""What is predicted for layouts where the answer is known beforehand."""

from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.planning.costs import Costs
from infra.planning.layout import LAYOUTS, Layout
from infra.planning.prediction import Work, predict

LAPTOP = Layout(shared_cores=2)
COSTS = Costs()
ALL = sum(
    getattr(COSTS, part)
    for part in ("beside", "gateway", "ingest", "broker", "connector", "collector", "database")
)
AMPLE = Layout(
    machines=8, machine_cores=8, broker_cores=8, database_cores=64, gateways=8, ingests=8,
    connectors=4, collectors=4, streams=2,
)  # fmt: skip


@settings(deadline=None, max_examples=15)
@given(cores=st.floats(0.5, 2.5))
def test_few_shared_cores_are_used_up(cores: float) -> None:
    found = predict(replace(LAPTOP, shared_cores=cores), COSTS)
    assert found.limit == "cores"
    assert found.rate == pytest.approx(cores * 1e6 / ALL, rel=0.06)


def test_a_burst_costs_what_accepting_does() -> None:
    found = predict(replace(LAPTOP, shared_cores=0.5), COSTS, Work.BURST)
    accepting = COSTS.beside + 0.4 * COSTS.gateway + COSTS.ingest + 0.6 * COSTS.broker
    assert found.rate == pytest.approx(0.5e6 / accepting, rel=0.06)


def test_one_ingest_process_saturates_in_a_burst() -> None:
    found = predict(AMPLE, replace(COSTS, ingest=20.0), Work.BURST)
    assert found.rate == pytest.approx(8 * 1e6 / 20, rel=0.05)
    one = predict(replace(AMPLE, ingests=1), COSTS, Work.BURST)
    assert one.rate == pytest.approx(1e6 / COSTS.ingest, rel=0.02)
    assert one.limit == "ingest"


@pytest.mark.parametrize("work", [Work.BULK, Work.DRAIN])
def test_so_many_events_take_their_time(work: Work) -> None:
    costs = replace(COSTS, sync=0.0)
    found = predict(replace(LAPTOP, shared_cores=1), costs, work, events=1_000_000)
    drained = costs.connector + costs.collector + costs.database
    drained += 0.6 * costs.gateway + 0.4 * costs.broker
    cost = ALL if work is Work.BULK else drained
    assert found.rate == pytest.approx(1e6 / cost, rel=0.06)


def test_a_collector_is_one_thread_and_more_of_them_help() -> None:
    costs = replace(COSTS, collector=50.0)
    one = predict(replace(AMPLE, connectors=1, collectors=1), costs)
    assert one.limit == "collector"
    assert one.rate == pytest.approx(2 * 1e6 / 50, rel=0.1)
    two = predict(replace(AMPLE, connectors=2, collectors=2), costs)
    assert two.rate == pytest.approx(2 * one.rate, rel=0.1)


def test_writers_of_a_source_take_turns_with_its_rollup_rows() -> None:
    costs = replace(COSTS, sync=0.1)
    found = predict(replace(AMPLE, streams=1), costs, Work.DRAIN)
    assert found.limit == "rollup rows"
    assert found.rate == pytest.approx(2 * AMPLE.batch / 0.1, rel=0.1)


def test_a_slow_log_device_limits_its_database_alone() -> None:
    costs = replace(COSTS, log_bytes=1_000)
    one = predict(replace(AMPLE, log_bandwidth=1e8), costs)
    assert one.limit == "write-ahead log"
    assert one.rate == pytest.approx(1e5, rel=0.05)
    two = predict(replace(AMPLE, log_bandwidth=1e8, databases=2), costs)
    assert two.rate == pytest.approx(2e5, rel=0.05)


def test_synced_messages_of_a_stream_come_one_after_the_other() -> None:
    costs = replace(COSTS, sync=0.01, broker=0.001)
    one = predict(replace(AMPLE, streams=1), costs, Work.BURST)
    assert one.limit == "stream"
    assert one.rate == pytest.approx(500 / 0.01, rel=0.02)
    two = predict(AMPLE, costs, Work.BURST)
    assert two.rate == pytest.approx(2 * one.rate, rel=0.05)


def test_copies_of_a_message_wait_for_a_majority() -> None:
    costs = replace(COSTS, quorum=0.05)
    alone = predict(replace(AMPLE, posts=1), costs, Work.BURST)
    copied = predict(replace(AMPLE, posts=1, copies=3), costs, Work.BURST)
    assert copied.rate < alone.rate / 1.5


def test_one_invocation_in_flight_leaves_parts_waiting() -> None:
    one, four = (
        predict(replace(AMPLE, connectors=1, collectors=1, concurrency=number), COSTS, Work.DRAIN)
        for number in (1, 4)
    )
    assert one.limit == "invocations in flight"
    assert four.rate > 1.3 * one.rate


@pytest.mark.parametrize("name", LAYOUTS)
def test_no_part_of_a_layout_does_more_than_it_can(name: str) -> None:
    found = predict(LAYOUTS[name], COSTS)
    assert all(0 <= share <= 1.0001 for share in found.busy.values())
    assert found.limit in found.busy
    assert found.rate < LAYOUTS[name].cores * 1e6 / (ALL - COSTS.beside)


def test_costs_have_no_part_that_the_path_leaves_out() -> None:
    slow = replace(LAPTOP, copies=3, log_bandwidth=1e8, batch=2_500)
    for field in fields(Costs):
        more = predict(
            slow,
            replace(COSTS, **{field.name: 40 * getattr(COSTS, field.name)}),
            Work.BULK,
            events=100_000,
        )
        same = predict(slow, COSTS, Work.BULK, 100_000)
        assert more.rate < same.rate, field.name


def test_names_say_whether_they_are_of_layouts_or_costs() -> None:
    assert not {field.name for field in fields(Layout)} & {field.name for field in fields(Costs)}
