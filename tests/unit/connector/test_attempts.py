"""The count of a message's failures."""

from datetime import UTC, datetime, timedelta

from infra.connector.attempts import Attempts
from shared.batch import StoredMessage

MOMENT = datetime(2026, 11, 1, tzinfo=UTC)


def message(sequence: int, published_at: datetime = MOMENT) -> StoredMessage:
    return StoredMessage("EVENTS", sequence, "facebook", published_at, {}, b"[]")


def test_each_message_has_its_own_count() -> None:
    attempts = Attempts(3, capacity=10)
    assert [attempts.failed(message(1)) for _ in range(3)] == [1, 2, 3]
    assert attempts.failed(message(2)) == 1
    attempts.forget(message(1))
    assert attempts.failed(message(1)) == 1


def test_the_last_attempt() -> None:
    assert [Attempts(3, 10).used_up(count) for count in (1, 2, 3, 4)] == [False, False, True, True]
    assert not Attempts(0, 10).used_up(1_000_000)


def test_the_same_sequence_of_a_new_stream_is_another_message() -> None:
    attempts = Attempts(3, capacity=10)
    attempts.failed(message(1))
    assert attempts.failed(message(1, MOMENT + timedelta(seconds=1))) == 1


def test_memory_is_bounded_and_what_failed_last_is_remembered() -> None:
    attempts = Attempts(3, capacity=10)
    for sequence in range(1000):
        attempts.failed(message(7))
        attempts.failed(message(1000 + sequence))
    assert attempts.failed(message(7)) == 1001
    assert attempts.failed(message(1000)) == 1
    assert len(attempts._failures) == 10
