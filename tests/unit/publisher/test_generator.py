"""The generator: every event obeys the contract, and the shares are those asked for."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

import msgspec
import pytest
from contract import REVENUE, Event, is_valid
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.publisher.batch import Batch
from infra.publisher.generator import PROFILES, Generator, Plan
from infra.publisher.kinds import INVALID, KINDS

AT = 1_790_000_000_000
profiles = st.sampled_from(PROFILES)
shares = st.floats(0, 1)


def make(plan: Plan) -> list[Batch]:
    return list(Generator(plan).batches())


def decoded(batches: list[Batch]) -> list[Event]:
    return [msgspec.json.decode(event) for batch in batches for event in batch.events]


@given(
    st.builds(
        Plan,
        profile=profiles,
        seed=st.integers(0, 2**64),
        batch=st.tuples(st.integers(1, 20), st.integers(20, 60)),
        number=st.integers(1, 200),
        facebook_share=shares,
        duplicates=shares,
        disorder=shares,
        invalid=st.none() | shares,
        window=st.sampled_from([0, 60_000, 3_600_000, 86_400_000]),
        at=st.just(AT),
    )
)
@settings(max_examples=120, deadline=None)
def test_the_ledgers_knowledge_is_what_an_independent_check_finds(plan: Plan) -> None:
    batches = make(plan)
    assert sum(map(len, batches)) == plan.number
    for batch in batches:
        assert len(batch.events) == len(batch.kinds) == len(batch.numbers)
        for index, text in enumerate(batch.events):
            event = msgspec.json.decode(text)
            code = batch.kinds[index]
            valid = is_valid(event)
            assert valid == (code != INVALID), event
            if not valid:
                assert index not in batch.amounts
                continue
            kind = KINDS[code]
            assert (event["source"], event["funnelStage"], event["eventType"]) == kind[:3]
            amount = event["data"]["engagement"].get("purchaseAmount")
            assert (amount is not None) == kind.revenue == (index in batch.amounts)
            if amount is not None:
                assert Decimal(amount) * 100 == batch.amounts[index] > 0


@given(
    st.builds(
        Plan,
        profile=profiles,
        seed=st.integers(),
        duplicates=shares,
        window=st.sampled_from([0, 10**7]),
        at=st.just(AT),
        number=st.just(100),
        batch=st.just((7, 30)),
    )
)
@settings(max_examples=30, deadline=None)
def test_a_seed_and_a_clock_make_the_same_bytes_again(plan: Plan) -> None:
    first, second = make(plan), make(plan)
    assert [batch.events for batch in first] == [batch.events for batch in second]


@pytest.mark.parametrize("profile", PROFILES)
def test_without_a_seed_no_id_comes_again(profile: str) -> None:
    ids = [
        event["eventId"]
        for _ in range(2)
        for event in decoded(make(Plan(profile=profile, number=5000, invalid=0)))
    ]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5])
def test_the_share_of_duplicates_and_their_identity(profile: str, share: float) -> None:
    batches = make(Plan(profile=profile, number=8_000, duplicates=share, invalid=0.1, seed=1))
    events = decoded(batches)
    numbers = [number for batch in batches for number in batch.numbers]
    repeated = len(numbers) - len(set(numbers))
    assert repeated == sum(batch.duplicates for batch in batches)
    assert repeated / len(numbers) == pytest.approx(share, abs=0.01)
    by_number = defaultdict(set)
    for number, event in zip(numbers, events, strict=True):
        by_number[number].add(msgspec.json.encode(event))
    assert all(len(texts) == 1 for texts in by_number.values())


def test_the_share_of_invalid_events() -> None:
    kinds = Counter(
        kind for b in make(Plan(number=20_000, invalid=0.1, seed=1)) for kind in b.kinds
    )
    assert kinds[INVALID] / 20_000 == pytest.approx(0.095, abs=0.01)


def test_andriiuni_corrupts_the_last_event_of_every_tenth_request() -> None:
    batches = make(Plan(profile="andriiuni", number=30_000, batch=(20, 40), seed=2))
    assert all(INVALID not in batch.kinds[:-1] for batch in batches)
    corrupted = sum(batch.kinds[-1] == INVALID for batch in batches)
    assert corrupted / len(batches) == pytest.approx(0.095, abs=0.02)


def test_andriiuni_has_the_cardinality_of_the_public_image() -> None:
    events = decoded(make(Plan(profile="andriiuni", number=24_000, invalid=0, seed=3)))
    facebook = [event for event in events if event["source"] == "facebook"]
    assert len(facebook) / len(events) == pytest.approx(0.5, abs=0.02)
    assert len({event["data"]["user"]["userId"] for event in events}) == len(events)
    engagements = [event["data"]["engagement"] for event in facebook]
    campaigns = [e["campaignId"] for e in engagements if "campaignId" in e]
    assert len(set(campaigns)) > 0.999 * len(campaigns)
    places = [event["data"]["user"]["location"] for event in facebook]
    assert 240 <= len({place["country"] for place in places}) <= 250
    assert len({place["city"] for place in places}) > 9_000
    size = sum(map(len, map(msgspec.json.encode, events))) / len(events)
    assert size == pytest.approx(425, abs=10)


def test_realistic_funnels_narrow_and_users_come_back() -> None:
    events = decoded(make(Plan(number=15_000, seed=4, window=86_400_000, at=AT)))
    types = Counter((event["source"], event["eventType"]) for event in events)
    assert types["facebook", "ad.view"] > types["facebook", "ad.click"]
    assert types["facebook", "ad.click"] > types["facebook", "checkout.complete"] > 0
    assert types["tiktok", "video.view"] > types["tiktok", "profile.visit"]
    assert types["tiktok", "profile.visit"] > types["tiktok", "purchase"] > 0
    users = Counter(event["data"]["user"]["userId"] for event in events)
    assert len(users) < len(events) / 3
    clicked = {e["data"]["user"]["userId"] for e in events if e["eventType"] == "ad.click"}
    buyers = {e["data"]["user"]["userId"] for e in events if e["eventType"] == "checkout.complete"}
    assert len(buyers & clicked) > 0.9 * len(buyers)


def test_realistic_users_keep_their_attributes_mostly() -> None:
    events = decoded(make(Plan(number=15_000, seed=5)))
    versions = defaultdict(set)
    for event in events:
        user = event["data"]["user"]
        versions[user["userId"]].add(msgspec.json.encode(user))
    assert sum(len(texts) == 1 for texts in versions.values()) > 0.9 * len(versions)
    assert any(len(texts) > 1 for texts in versions.values())


def test_campaigns_and_countries_are_heavy_tailed() -> None:
    events = decoded(make(Plan(number=15_000, seed=6, facebook_share=1)))
    engagements = [event["data"]["engagement"] for event in events]
    campaigns = Counter(e["campaignId"] for e in engagements if "campaignId" in e)
    countries = Counter(event["data"]["user"]["location"]["country"] for event in events)
    for counter in (campaigns, countries):
        largest = sum(count for _, count in counter.most_common(len(counter) // 5))
        assert largest > 0.45 * counter.total()


def test_a_window_is_filled_in_order_by_day_and_night() -> None:
    events = decoded(make(Plan(number=12_000, window=86_400_000, at=AT, seed=7)))
    times = [datetime.fromisoformat(event["timestamp"]) for event in events]
    assert times == sorted(times)
    now = datetime.fromtimestamp(AT / 1000, UTC)
    assert all(0 < (now - time).total_seconds() <= 86_400 + 60 for time in times)
    hours = Counter(time.hour for time in times)
    assert hours[19] > 3 * hours[3]


def test_disorder_makes_about_its_share_late_or_swapped() -> None:
    plain, mixed = (
        decoded(make(Plan(number=10_000, window=86_400_000, at=AT, seed=8, disorder=share)))
        for share in (0.0, 0.2)
    )
    times = [event["timestamp"] for event in mixed]
    backwards = sum(later < earlier for earlier, later in pairwise(times))
    assert [event["timestamp"] for event in plain] != times
    assert 0.05 < backwards / len(times) < 0.25


def test_revenue_kinds_are_those_of_the_specification() -> None:
    assert {kind.type for kind in KINDS if kind.revenue} == REVENUE
