from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from infra.bench.dataset import BATCH, Dataset

END = datetime(2026, 3, 29, 12, tzinfo=UTC)


def dataset(events: int) -> Dataset:
    return Dataset(database_url="", events=events, window=timedelta(hours=24), end=END)


@pytest.mark.parametrize("events", [1, BATCH, 7 * BATCH + 3, 100 * BATCH])
def test_batches_make_up_the_events_and_fill_the_window_in_order(events: int) -> None:
    batches = list(dataset(events).batches())
    assert sum(batch.size for batch in batches) == events
    assert batches[0].start == END - timedelta(hours=24)
    assert abs(batches[-1].end - END) < timedelta(milliseconds=1)
    assert all(batch.start < batch.end <= END for batch in batches)
    assert all(left.start <= right.start for left, right in pairwise(batches))


def test_sources_are_halves_that_go_abreast() -> None:
    batches = list(dataset(100 * BATCH).batches())
    assert Counter(batch.source for batch in batches) == {"facebook": 50, "tiktok": 50}
    for left, right in zip(batches[::2], batches[1::2], strict=True):
        assert (left.start, left.end) == (right.start, right.end)


def test_no_message_is_in_two_batches() -> None:
    taken: set[int] = set()
    for batch in dataset(20 * BATCH).batches():
        sequences = set(range(batch.sequence, batch.sequence + batch.size))
        assert taken.isdisjoint(sequences)
        taken |= sequences
    assert max(taken) < 2**63
