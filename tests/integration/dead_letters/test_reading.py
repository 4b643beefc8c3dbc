"""Dead letters are listed and shown, and stay as they were."""

from functools import partial
from typing import Any

import pytest
import streams
from builders import tiktok
from integration.dead_letters.conftest import Bury, Working
from integration.dead_letters.made import letter
from nats.js import JetStreamContext

from infra.dead_letters.session import Session
from shared.dead_letters.archive import Page
from shared.dead_letters.selection import Selection, read_selection
from shared.errors import Problem

EVERY = Selection()


async def read_page(session: Session, after: int | None, *, newest: bool) -> Page:
    return await session.letters.page(EVERY, 700, after, newest=newest)


def sequences(page: Page) -> list[int]:
    return [letter.sequence for letter in page.letters]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"source": "facebook"}, [1, 4]),
        ({"source": "unknown"}, [3]),
        ({"code": "missing_field"}, [2, 3]),
        ({"stage": "ingest"}, [3, 4]),
        ({"source": "tiktok", "stage": "ingest"}, []),
    ],
)
def test_each_filter(
    filters: dict[str, str], expected: list[int], working: Working[Page], bury_all: Bury
) -> None:
    for changes in (
        {},
        {"source": "tiktok", "code": "missing_field"},
        {"source": "unknown", "code": "missing_field", "stage": "ingest"},
        {"stage": "ingest"},
    ):
        bury_all([letter(**changes)])
    selection = read_selection(filters)
    assert sequences(working(lambda s: s.letters.page(selection, 10))) == expected[::-1]
    page = working(lambda s: s.letters.page(selection, 10, newest=False))
    assert sequences(page) == expected


def test_times_are_from_inclusive_to_exclusive(working: Working[Page], bury_all: Bury) -> None:
    for _ in range(3):
        bury_all([letter()])
    listed = working(lambda s: s.letters.page(EVERY, 3, newest=False)).letters
    middle = listed[1].stored_at
    later = Selection(start=middle)
    assert sequences(working(lambda s: s.letters.page(later, 9, newest=False))) == [2, 3]
    earlier = Selection(end=middle)
    assert sequences(working(lambda s: s.letters.page(earlier, 9))) == [1]
    between = Selection(start=middle, end=listed[2].stored_at)
    assert sequences(working(lambda s: s.letters.page(between, 9))) == [2]


@pytest.mark.parametrize("newest", [True, False])
def test_pages_of_two_thousand_letters_hold_each_once(
    newest: bool,  # noqa: FBT001 - a test's parameter
    nats_url: str,
    working: Working[Any],
    bury_all: Bury,
) -> None:
    bury_all(letter() for _ in range(2_000))
    deleted = set(range(300, 1_500, 2))
    assert working(lambda s: s.letters.delete(deleted)) == len(deleted)
    seen: list[int] = []
    after: int | None = None
    while True:
        page: Page = working(partial(read_page, after=after, newest=newest))
        seen.extend(sequences(page))
        if (after := page.next) is None:
            break
    expected = sorted(set(range(1, 2_001)) - deleted, reverse=newest)
    assert seen == expected
    assert len(streams_consumers(nats_url)) == 0


def streams_consumers(url: str) -> list[object]:
    async def read(js: JetStreamContext) -> list[object]:
        return list(await js.consumers_info("DEADLETTER"))

    return streams.with_jetstream(url, read)


def test_a_gap_wider_than_a_window_is_crossed(working: Working[Any], bury_all: Bury) -> None:
    bury_all(letter() for _ in range(3_000))
    working(lambda s: s.letters.delete(range(2, 3_000)))
    assert sequences(working(lambda s: s.letters.page(EVERY, 10))) == [3_000, 1]


def test_one_letter_with_all_it_knows(working: Working[Any], bury_all: Bury) -> None:
    event = tiktok()
    buried = letter(event, source="tiktok")
    bury_all([letter(), buried])
    shown = working(lambda s: s.letters.letter(2)).document()
    assert shown["event"].encode() == buried.raw
    assert shown["headers"]["Nats-Subject"] == "deadletter.tiktok"
    expected = {
        "sequence": 2,
        "source": "tiktok",
        "stage": "consume",
        "code": "storage_refused",
        "detail": "data.user.name: the field is missing",
        "eventId": event["eventId"],
        "attempts": 2,
        "firstAt": "2026-11-01T00:00:00+00:00",
        "origin": f"{buried.origin}:3",
        "correlationId": buried.correlation_id,
        "size": len(buried.raw),
    }
    assert {name: shown[name] for name in expected} == expected


def test_a_letter_that_is_not_there(working: Working[Any], bury_all: Bury) -> None:
    for _ in range(2):
        with pytest.raises(Problem) as raised:
            working(lambda s: s.letters.letter(1))
        assert raised.value.kind.code == "not_found"
        bury_all([letter(), letter()])
        working(lambda s: s.letters.delete([1]))


def test_no_letters_at_all(working: Working[Page]) -> None:
    assert working(lambda s: s.letters.page(EVERY, 10)) == Page([], None)
    assert working(lambda s: s.letters.page(EVERY, 10, newest=False)) == Page([], None)


def test_no_stream(nats_url: str, working: Working[Page]) -> None:
    streams.with_jetstream(nats_url, lambda js: js.delete_stream("DEADLETTER"))
    for newest in (True, False):
        with pytest.raises(Problem) as raised:
            working(partial(read_page, after=None, newest=newest))
        assert raised.value.kind.code == "broker_unavailable"
