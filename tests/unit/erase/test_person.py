"""Which events are a person's, whatever their JSON looks like."""

import json
import re
from typing import Any

import pytest
from builders import facebook, tiktok
from hypothesis import assume, given
from hypothesis import strategies as st

from infra.erasing.person import Person
from shared.events.model import SOURCES

ids = st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=30) | st.integers(
    0, 10**18
).map(str)


def person(user_id: str) -> Person:
    return Person(user_id, SOURCES)


def written(event: object, *, ascii_only: bool = True) -> bytes:
    return json.dumps(event, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@given(ids, ids, st.booleans())
def test_an_event_is_of_its_user(user_id: str, other: str, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    # Half a pair is only JSON as an escape.
    assume(ascii_only or not re.search("[\ud800-\udfff]", user_id + other))
    own = written(facebook(userId=user_id), ascii_only=ascii_only)
    others = written(facebook(userId=other, name=user_id), ascii_only=ascii_only)
    assert person(user_id).in_event(own)
    assert person(user_id).in_payload(b"[%s,%s]" % (others, own))
    assert person(user_id).in_event(others) == (user_id == other)
    assert person(user_id).in_payload(b"[%s]" % others) == (user_id == other)


@given(ids, st.booleans())
def test_an_event_that_is_no_json_is_searched(user_id: str, ascii_only: bool) -> None:  # noqa: FBT001 - drawn
    cut = written(facebook(userId=user_id), ascii_only=ascii_only)[:-3]
    assert person(user_id).in_event(cut)
    assert person(user_id).in_payload(cut)
    assert person(user_id).in_payload(b"[" + cut)
    assert not person(user_id + "x").in_event(cut)


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"user": "caf\u00e9/1"',
        rb'{"user": "caf\u00E9\/1"',
        rb'{"user": "\u0063af\u00e9\u002f1"',
        '{"user": "café/1"'.encode(),
    ],
)
def test_however_the_id_is_escaped(raw: bytes) -> None:
    assert person("café/1").in_event(raw)
    assert not person("café").in_event(raw)


@pytest.mark.parametrize(
    ("event", "theirs"),
    [
        ({"data": {"user": {"userId": 42}}}, True),
        ({"data": {"user": {"userId": "42"}}}, True),
        ({"data": {"user": {"userId": 421}}, "x": 42}, False),
        ({"data": {"user": "42"}}, True),
        ({"user": {"userId": 42}}, True),
        ({"user": {"userId": 4.2}}, False),
        ({"user": {"userId": 142}}, False),
        ({"data": {"user": {}}}, False),
        (7, False),
    ],
)
def test_refused_events_tell_their_user_in_many_ways(event: Any, theirs: bool) -> None:  # noqa: ANN401, FBT001 - JSON; a column
    assert person("42").in_event(written(event)) == theirs


def test_a_user_who_is_only_mentioned() -> None:
    visit = tiktok("profile.visit", userId="visitor", profileId="host")
    assert not person("host").in_event(written(visit))


def test_tombstones_are_one_per_source() -> None:
    assert len(set(person("a").tombstones)) == 2
    assert Person("a", ("tiktok",)).tombstones[0] in person("a").tombstones
    assert person("a").types == list(range(1, 15))
