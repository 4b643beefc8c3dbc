"""Which events are valid, and what is said of those that are not."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import facebook, tiktok
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ERRORS
from shared.events.decoding import (
    EARLIEST,
    InvalidEventError,
    decode_event,
    decode_events,
    identity_of,
    latest_timestamp,
)
from shared.events.model import SOURCES, Event, Source, type_of
from shared.events.text import has_escapes

LATEST = datetime(2030, 1, 1, tzinfo=UTC)


def decode_together(raws: list[bytes], source: Source) -> list[Event] | None:
    """Decode with the texts as bytes and as str, which must not make a difference."""
    escapes = has_escapes(b"".join(raws))
    events = decode_events(raws, raws, source, LATEST, escapes=escapes)
    try:
        texts = [raw.decode() for raw in raws]
    except UnicodeDecodeError:
        assert events is None
    else:
        assert decode_events(raws, texts, source, LATEST, escapes=escapes) == events
    return events


def refuse(event: object) -> InvalidEventError:
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    with pytest.raises(InvalidEventError) as refused:
        decode_event(raw, LATEST)
    with pytest.raises(InvalidEventError) as same:
        decode_event(raw, LATEST, escapes=has_escapes(raw))
    assert (same.value.code, same.value.path) == (refused.value.code, refused.value.path)
    assert refused.value.code in ERRORS
    for source in SOURCES:
        assert decode_together([raw], source) is None
    return refused.value


def accept(event: object) -> None:
    raw = event if isinstance(event, bytes) else json.dumps(event).encode()
    event = decode_event(raw, LATEST)
    assert decode_event(raw, LATEST, escapes=has_escapes(raw)) == event
    for source in SOURCES:
        of_source = [event] if source == event.source and b"\\u0000" not in raw else None
        assert decode_together([raw], source) == of_source


def test_every_valid_sample_is_accepted_under_its_type(samples: dict[str, Any]) -> None:
    for name, events in samples["valid"].items():
        for event in events:
            decoded = decode_event(json.dumps(event).encode(), LATEST)
            assert f"{type_of(decoded).source}:{type_of(decoded).name}" == name


CORRUPTIONS = {
    "timestamp invalid": ("invalid_timestamp", "timestamp"),
    "eventId missing": ("missing_field", "eventId"),
    "data.user.name missing": ("missing_field", "data.user.name"),
    "data.user.username missing": ("missing_field", "data.user.username"),
    "data.user missing": ("missing_field", "data.user"),
    "funnelStage invalid": ("invalid_value", "funnelStage"),
    "eventType is an array": ("invalid_type", "eventType"),
    "actionTime = -1": ("invalid_type", "data.engagement.actionTime"),
    "adId missing": ("missing_field", "data.engagement.adId"),
    "gender = alien": ("invalid_value", "data.user.gender"),
    "watchTime = -1": ("out_of_range", "data.engagement.watchTime"),
    "purchasedItem removed": ("missing_field", "data.engagement.purchasedItem"),
    'followers = "not-a-number"': ("invalid_type", "data.user.followers"),
}


def test_every_corrupt_sample_is_refused_with_code_and_path(samples: dict[str, Any]) -> None:
    seen = set()
    for sample in samples["corrupt"]:
        name = sample["corruption"]
        seen.add(name)
        if name == "corruptFacebookEvent applied to a TikTok event":
            accept(sample["event"])  # an unknown key leaves an event valid
            continue
        error = refuse(sample["event"])
        assert (error.code, error.path) == CORRUPTIONS[name], name
        assert error.detail
    assert seen >= set(CORRUPTIONS)


def test_odd_samples_are_refused(samples: dict[str, Any]) -> None:
    for event in samples["odd"]:
        refuse(event)


@pytest.mark.parametrize(
    ("event", "code", "path"),
    [
        (facebook(eventType="like"), "invalid_value", "eventType"),
        (facebook(funnelStage="bottom"), "stage_mismatch", "eventType"),
        (facebook(source="myspace"), "invalid_value", "source"),
        (facebook(eventId=""), "too_short", "eventId"),
        (facebook(eventId="x" * 257), "too_long", "eventId"),
        (facebook(eventId="ü" * 129), "too_long", "eventId"),
        (facebook(userId="ж" * 200), "too_long", "data.user.userId"),
        (facebook("ad.click", campaignId="ж" * 129), "too_long", "data.engagement.campaignId"),
        (tiktok(videoId="ж" * 129), "too_long", "data.engagement.videoId"),
        (facebook(name=""), "too_short", "data.user.name"),
        (facebook(age=-1), "out_of_range", "data.user.age"),
        (facebook(age=151), "out_of_range", "data.user.age"),
        (facebook(age=30.5), "invalid_type", "data.user.age"),
        (facebook(age=True), "invalid_type", "data.user.age"),
        (facebook(timestamp="2026-01-01T00:00:00"), "invalid_timestamp", "timestamp"),
        (facebook(timestamp="1999-12-31T23:59:59Z"), "out_of_range", "timestamp"),
        (facebook(timestamp="2030-01-01T00:00:00.000001Z"), "out_of_range", "timestamp"),
        (facebook(timestamp=1767225600), "invalid_type", "timestamp"),
        (tiktok(followers=2**63), "out_of_range", "data.user.followers"),
        (tiktok(percentageWatched=100.1), "out_of_range", "data.engagement.percentageWatched"),
        (tiktok(watchTime=1e10), "out_of_range", "data.engagement.watchTime"),
        (tiktok(videoId=None), "invalid_type", "data.engagement.videoId"),
        (facebook(eventId="a\0b"), "nul_character", ""),
        (facebook(extra={"deep": ["\0"]}), "nul_character", ""),
        ([], "not_an_object", ""),
        ("text", "not_an_object", ""),
        (None, "not_an_object", ""),
    ],
)
def test_refusals_name_code_and_path(event: object, code: str, path: str) -> None:
    error = refuse(event)
    assert (error.code, error.path) == (code, path)


@pytest.mark.parametrize(
    "amount",
    ["NaN", "Infinity", "-1", "+1", "1e3", "12abc", "", " 1", "1 ", "1.", ".5", "1,5", "١٢",
     "1234567890123", "1.12345", "1.0\n", "0x10", "1_000"],
)  # fmt: skip
def test_amounts_that_are_no_plain_decimal_are_refused(amount: str) -> None:
    error = refuse(facebook("checkout.complete", purchaseAmount=amount))
    assert (error.code, error.path) == ("invalid_amount", "data.engagement.purchaseAmount")


@pytest.mark.parametrize("amount", ["0", "10", "10.5", "999999999999.9999", "00.10", None])
def test_plain_decimals_are_accepted(amount: str | None) -> None:
    accept(tiktok("purchase", purchaseAmount=amount))


@pytest.mark.parametrize(
    "event",
    [
        tiktok(watchTime=0, percentageWatched=0),
        tiktok(percentageWatched=100),
        facebook(age=0),
        facebook(eventId="x" * 256),
        facebook(eventId="ü" * 128),
        facebook(extra={"kept": [1, "2"]}),
        facebook(timestamp="2000-01-01T00:00:00Z"),
        facebook(timestamp="2026-05-01T12:00:00+05:45"),
        facebook(timestamp="2026-05-01T12:00:00+0000"),
        facebook(eventId="backslash \\u0000 written out"),
    ],
)
def test_values_at_the_edge_are_accepted(event: object) -> None:
    accept(event)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"eventId":"\\ud800"}', "invalid_unicode"),
        (b'{"eventId":"\xff"}', "invalid_unicode"),
        (b'{"eventId":NaN}', "malformed_json"),
        (b"nonsense", "malformed_json"),
        (b"", "malformed_json"),
        (b'{"x":' + b"[" * 100_000, "too_deep"),
    ],
)
def test_bytes_that_are_no_json_are_refused(raw: bytes, code: str) -> None:
    assert refuse(raw).code == code


def test_bad_utf8_in_an_unknown_field_is_refused() -> None:
    raw = json.dumps(facebook(extra="?")).encode().replace(b'"?"', b'"\xff"')
    assert refuse(raw).code == "invalid_unicode"


def test_the_latest_timestamp_is_a_day_ahead() -> None:
    ahead = latest_timestamp() - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < ahead < timedelta(hours=24, minutes=1)
    assert datetime(2000, 1, 1, tzinfo=UTC) == EARLIEST


def test_identity_is_read_from_invalid_events_as_far_as_it_goes() -> None:
    assert identity_of(b'{"eventId":"a","source":"tiktok"}') == ("a", "tiktok")
    assert identity_of(b'{"eventId":7,"source":"x"}') == (None, "unknown")
    assert identity_of(b"nonsense") == (None, "unknown")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_any_json_value_is_accepted_or_refused_with_a_known_code(value: object) -> None:
    try:
        decode_event(json.dumps(value).encode(), LATEST)
    except InvalidEventError as error:
        assert error.code in ERRORS


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_known_code(raw: bytes) -> None:
    assert refuse(raw).code in ERRORS


@given(
    st.dictionaries(
        st.sampled_from(["eventId", "timestamp", "age", "gender", "userId", "videoId", "name"]),
        st.none() | st.integers() | st.text() | st.floats() | st.lists(st.text(), max_size=2),
        min_size=1,
    )
)
def test_mutated_events_never_raise_anything_else(changes: dict[str, object]) -> None:
    try:
        decode_event(json.dumps(facebook("ad.view", **changes)).encode(), LATEST)
    except InvalidEventError as error:
        assert error.code in ERRORS


def test_one_invalid_event_makes_a_pack_be_judged_event_by_event() -> None:
    good = json.dumps(facebook()).encode()
    for bad in (facebook(age=151), facebook(eventId="ж" * 200), facebook(eventId="a\0")):
        raws = [good, json.dumps(bad, ensure_ascii=False).replace("\0", "\\u0000").encode(), good]
        assert decode_together(raws, "facebook") is None
    events = decode_together([good, good], "facebook")
    assert events == [decode_event(good, LATEST)] * 2


@pytest.mark.parametrize("name", ["funnelStage", "source", "eventType", "timestamp", "eventId"])
@pytest.mark.parametrize("value", ["top", "bottom", "tiktok", "ad.click", "1999-01-01T00:00:00Z"])
@pytest.mark.parametrize("first", [True, False])
def test_repeated_names_mean_the_same_in_a_pack(name: str, value: str, *, first: bool) -> None:
    text = json.dumps(facebook())
    again = json.dumps({name: value})[1:-1]
    raw = (f"{{{again},{text[1:]}" if first else f"{text[:-1]},{again}}}").encode()
    events = decode_together([raw], "facebook")
    if events is not None:
        assert events == [decode_event(raw, LATEST)]
