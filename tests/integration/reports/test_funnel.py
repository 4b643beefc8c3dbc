"""Funnels equal a naive computation over single events."""

from dataclasses import replace

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from integration.reports.asking import Reports, query_string
from integration.reports.naive import Event, Wanted
from integration.reports.naive_funnel import funnel
from integration.reports.test_equality import cases, fill
from integration.reports.test_groups import assert_pages, intervals, zones

dimensions = st.lists(st.sampled_from(["source", "campaignId", "country"]), unique=True, max_size=3)


@pytest.mark.timeout(900)
@given(
    case=cases(),
    shapes=st.lists(
        st.tuples(dimensions, st.none() | intervals, zones, st.integers(1, 5)),
        min_size=3,
        max_size=3,
    ),
)
@settings(max_examples=150, deadline=None)
def test_funnels_equal_a_naive_computation(
    reports: Reports,
    tables: psycopg.Connection,
    case: tuple[list[Event], list[Wanted], int],
    shapes: list[tuple[list[str], str | None, str, int]],
) -> None:
    stored, wishes, older = case
    fill(tables, stored, older)
    for wanted in wishes:
        for by, interval, zone, limit in shapes:
            asked = replace(wanted, group_by=tuple(by), interval=interval, timezone=zone)
            expected = funnel(stored, asked)
            answer = reports.ask("funnel", query_string(asked))
            assert {key: answer[key] for key in expected} == expected
            assert ("series" in answer) == (interval is not None)
            assert_pages(reports, "funnel", asked, limit, expected)
