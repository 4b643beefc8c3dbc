"""Bodies from the stock: faithful, fresh each time, known to the cent."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from contract import REVENUE, Event, is_valid
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.bench.rendering import Renderer, length_of, pieces_of
from infra.bench.stock import Alphabet, Stock
from infra.bench.workload import bodies
from infra.publisher.bodies import Body
from infra.publisher.kinds import INVALID, KINDS

SIZE = 3_000
STOCK = Stock(Random(5), SIZE)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}")


def text(body: Body) -> bytes:
    return b"".join(pieces_of(body))


def arrays(*sizes: int, corrupt: float = 0) -> list[Body]:
    return list(Renderer(STOCK, Random(), corrupt).arrays(sizes))


def events(body: Body) -> list[Event]:
    decoded: list[Event] = msgspec.json.decode(text(body))
    return decoded


def ids(event: Event) -> Iterator[str]:
    engagement = event["data"]["engagement"]
    yield event["eventId"]
    yield event["data"]["user"]["userId"]
    for name in ("adId", "campaignId", "videoId", "profileId"):
        if engagement.get(name):
            yield engagement[name]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, SIZE), st.sampled_from([0.0, 1.0]))
def test_a_body_is_what_its_length_and_batch_say(size: int, corrupt: float) -> None:
    [body] = arrays(size, corrupt=corrupt)
    assert len(text(body)) == length_of(body)
    found = events(body)
    assert len(found) == len(body.batch) == size
    for index, (event, code) in enumerate(zip(found, body.batch.kinds, strict=True)):
        if code == INVALID:
            assert index == size - 1
            assert not is_valid(event)
            continue
        kind = KINDS[code]
        assert is_valid(event) or index == size - 1
        assert (event["source"], event["eventType"]) == (kind.source, kind.type)
        cents = body.batch.amounts.get(index)
        assert (cents is None) == (kind.type not in REVENUE)
        if cents is not None:
            amount = Decimal(event["data"]["engagement"]["purchaseAmount"])
            assert amount == Decimal(cents) / 100


def test_a_body_is_rendered_to_the_same_bytes_again() -> None:
    [body] = arrays(1500, corrupt=1)
    assert text(body) == text(body)


def test_a_large_body_comes_in_pieces() -> None:
    [body] = arrays(SIZE)
    assert max(map(len, pieces_of(body))) < length_of(body) / 2


def test_the_same_events_of_the_stock_have_fresh_ids_each_time() -> None:
    first, second = (events(body) for body in arrays(SIZE, SIZE))
    for before, after in zip(first, second, strict=True):
        assert before["data"]["user"].get("name") == after["data"]["user"].get("name")
        assert not set(ids(before)) & set(ids(after))
    known = Counter(name for event in (*first, *second) for name in list(ids(event))[:2])
    assert set(known.values()) == {1}


@pytest.mark.parametrize("half", [slice(-36, -28), slice(-12, None)])
def test_both_halves_of_ids_are_fresh(half: slice) -> None:
    first, second = (events(body) for body in arrays(SIZE, SIZE))
    pairs = zip(first, second, strict=True)
    assert sum(a["eventId"][half] == b["eventId"][half] for a, b in pairs) < SIZE / 100


def test_ids_look_as_the_publisher_makes_them() -> None:
    for event in events(arrays(SIZE)[0]):
        prefix, _, rest = event["eventId"].partition("-")
        assert prefix == {"facebook": "fb", "tiktok": "ttk"}[event["source"]]
        assert UUID.fullmatch(rest)
        assert UUID.fullmatch(event["data"]["user"]["userId"])
        for name, form in (("campaignId", r"camp-\w{5}"), ("adId", r"ad-\w{8}")):
            if name in event["data"]["engagement"]:
                assert re.fullmatch(form, event["data"]["engagement"][name])


def test_cardinality_is_that_of_the_publisher() -> None:
    found = [event for body in arrays(SIZE, SIZE) for event in events(body)]
    campaigns = [e["data"]["engagement"].get("campaignId") for e in found]
    fresh = [campaign for campaign in campaigns if campaign]
    assert len(set(fresh)) > 0.99 * len(fresh) > 0.2 * len(found)
    countries = {
        e["data"]["user"]["location"]["country"] for e in found if e["source"] == "facebook"
    }
    assert len(countries) > 200


def test_the_events_have_just_happened() -> None:
    before = datetime.now(UTC)
    found = events(arrays(SIZE)[0])
    for event in found:
        moment = datetime.fromisoformat(event["timestamp"])
        assert timedelta(0) <= before - moment < timedelta(seconds=3)


def test_numbers_go_on_from_body_to_body() -> None:
    made = arrays(10, 20, 5)
    assert [body.batch.numbers for body in made] == [range(10), range(10, 30), range(30, 35)]


def test_every_tenth_array_or_so_ends_with_a_corrupt_event() -> None:
    made = list(Renderer(STOCK, Random(1)).arrays([2] * 1000))
    corrupt = sum(body.batch.kinds[-1] == INVALID for body in made)
    assert 50 < corrupt < 130


@pytest.mark.parametrize("number", [1, 999, 1000, 2345])
def test_singles_are_valid_events_one_by_one(number: int) -> None:
    made = list(Renderer(STOCK, Random()).singles(number))
    assert [body.batch.numbers[0] for body in made] == list(range(number))
    found: list[Any] = [msgspec.json.decode(text(body)) for body in made]
    assert all(map(is_valid, found))
    assert len({event["eventId"] for event in found}) == number
    for body, event in zip(made, found, strict=True):
        assert KINDS[body.batch.kinds[0]].type == event["eventType"]
        amount = event["data"]["engagement"].get("purchaseAmount")
        assert body.batch.amounts == ({0: int(Decimal(amount) * 100)} if amount else {})


def test_placeholders_are_not_in_the_text() -> None:
    used = bytes(range(32, 200))
    with pytest.raises(ValueError, match="placeholders"):
        Alphabet.beside(used)
    alphabet = Alphabet.beside(b"Cura\xc3\xa7ao")
    places = b"".join(alphabet)
    assert len(set(places)) == len(places) == 16 + 16 + 62 + 14
    assert not set(places) & {0xC3, 0xA7, *range(32, 127)}


def test_a_workload_has_the_events_asked_for_all_valid() -> None:
    made = [msgspec.json.decode(body) for body in bodies(250, 100)]
    assert [len(body) for body in made] == [100, 100, 50]
    assert all(is_valid(event) for body in made for event in body)
