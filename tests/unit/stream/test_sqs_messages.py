"""Messages as they lie in SQS: what comes out is what went in."""

import json
import re

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.stream.packing import CHECKSUM, checksum
from shared.stream.sqs_messages import TRANSFER_ENCODING, Entry, Record, UnreadableError

ALLOWED = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def received(entry: Entry, **changes: str) -> Record:
    """Return an entry as Lambda delivers it."""
    attributes = {
        name: {"stringValue": text, "dataType": "String", "binaryListValues": []}
        for name, text in entry.attributes.items()
    }
    event = {
        "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
        "receiptHandle": "AQEB",
        "body": entry.body,
        "attributes": {"SentTimestamp": "1545082649183", "ApproximateReceiveCount": "1"},
        "messageAttributes": attributes,
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:x-events-facebook",
    }
    return msgspec.convert({**event, **changes}, Record)


@given(content=st.binary(min_size=1) | st.text(min_size=1).map(lambda text: text.encode()))
@example(content="\uffff".encode())
@example(content=b"\x00")
@example(content=b"\xff")
@example(content="\N{PILE OF POO}é\t\r\n".encode())
def test_any_content_survives_in_text_that_sqs_takes(content: bytes) -> None:
    for headers in ({CHECKSUM: checksum(content), "Empty": ""}, {"A": "b"}):
        entry = Entry.of(content, headers)
        assert ALLOWED.fullmatch(entry.body)
        assert all(entry.attributes.values())
        assert received(entry).content() == content


def test_a_packed_message_is_no_json_that_could_be_written_differently() -> None:
    entry = Entry.of(b"[1.0]", {CHECKSUM: checksum(b"[1.0]")})
    assert entry.body == "WzEuMF0="


def test_events_of_letters_stay_readable_for_people() -> None:
    entry = Entry.of('[{"name":"Zoë"}]'.encode(), {})
    assert entry.body == '[{"name":"Zoë"}]'
    assert TRANSFER_ENCODING not in entry.attributes


def test_the_size_is_what_sqs_counts() -> None:
    entry = Entry.of("é".encode(), {"A": "bc"})
    assert entry.size == 2 + len("A") + len("String") + len("bc")
    assert json.dumps(entry.document("0"))


@pytest.mark.parametrize("body", ["WzJd", "[1]", "not base64!", "WzFd\n", ""])
def test_what_was_changed_on_its_way_is_unreadable(body: str) -> None:
    entry = Entry.of(b"[1]", {CHECKSUM: checksum(b"[1]")})
    with pytest.raises(UnreadableError):
        received(entry, body=body).content()


def test_a_message_has_one_number_however_often_it_comes() -> None:
    record = received(Entry.of(b"[]", {}))
    assert record.sequence == received(Entry.of(b"[1]", {})).sequence
    assert record.sequence != received(Entry.of(b"[]", {}), messageId="another").sequence
    assert 0 <= record.sequence < 10**18
