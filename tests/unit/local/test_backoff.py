from infra.local.backoff import Backoff


def test_delays_double_up_to_the_limit() -> None:
    backoff = Backoff(base=1, limit=5, stable=10)
    assert [backoff.ended(0, 0) for _ in range(5)] == [1, 2, 4, 5, 5]


def test_what_was_up_long_enough_begins_anew() -> None:
    backoff = Backoff(base=1, limit=60, stable=10)
    backoff.ended(0, 0)
    backoff.ended(0, 0)
    assert backoff.ended(10, 100) == 1
    assert backoff.remaining(100.25) == 0.75
    assert backoff.remaining(200) == 0


def test_very_many_failures_do_not_overflow() -> None:
    backoff = Backoff(limit=15)
    assert {backoff.ended(0, 0) for _ in range(2000)} >= {0.1, 15}
