import base64
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.dead_letters.letters import Letter
from shared.stream.dead_letters import DETAIL, MOST_DETAIL, DeadLetter
from shared.stream.packing import MESSAGE_ID

NOW = datetime(2026, 11, 20, tzinfo=UTC)


def dead(raw: bytes = b"{}", detail: str = "", index: int = 0) -> DeadLetter:
    return DeadLetter("facebook", raw, "too_long", detail, "ingest", "c-1", index, 1, NOW, "c-1")


@given(st.text(max_size=600))
def test_what_a_sender_wrote_stays_on_one_line_of_ascii(detail: str) -> None:
    written = dead(detail=detail).headers()[DETAIL]
    assert written.isascii()
    assert not set(written) & set("\r\n\0")
    assert len(written) <= MOST_DETAIL


def test_the_message_id_tells_contents_and_places_apart() -> None:
    letters = [dead(b"1"), dead(b"2"), dead(b"1", index=1)]
    assert len({letter.headers()[MESSAGE_ID] for letter in letters}) == 3
    assert dead(b"1").headers()[MESSAGE_ID] == dead(b"1", "other").headers()[MESSAGE_ID]


def test_bytes_that_are_no_text_are_shown_and_kept() -> None:
    raw = b'{"eventId":"\xff"}'
    shown = Letter(7, NOW, "facebook", {}, raw).document()
    assert shown["event"] == '{"eventId":"\\xff"}'
    assert base64.b64decode(str(shown["eventBase64"])) == raw
    assert "eventBase64" not in Letter(7, NOW, "facebook", {}, b"{}").document()
