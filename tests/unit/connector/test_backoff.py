"""The connector's delays."""

from hypothesis import given
from hypothesis import strategies as st

from infra.connector.backoff import Backoff


@given(failures=st.integers(1, 10_000), asked=st.none() | st.floats(0, 1000))
def test_delays_grow_with_jitter_and_end_at_the_longest(failures: int, asked: float | None) -> None:
    backoff = Backoff(0.25, 30, 300)
    for _ in range(min(failures, 200)):
        backoff.failed()
    delay = backoff.delay(asked)
    bound = min(30.0, 0.25 * 2.0 ** (min(failures, 200) - 1))
    granted = min(asked or 0, 300)
    assert max(bound / 2, granted) <= delay <= max(bound, granted)


def test_success_starts_anew() -> None:
    backoff = Backoff(1, 30, 300)
    backoff.failed()
    backoff.succeeded()
    assert backoff.delay() == 0
    assert backoff.delay(at_least=3) == 3
