"""Which URLs are called back, and when another attempt is made."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nats.aio.msg import Msg

from infra.local.invocations.attempts import MOST_ATTEMPTS, next_attempt
from infra.local.invocations.callbacks import Resolver, check_callback, is_link_local
from infra.local.invocations.calls import passed_on
from shared.errors import Problem


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9000/x?y=1", "https://example.com", "http://gateway:8080/function/next"],
)
def test_http_urls_with_a_host_are_called(url: str) -> None:
    check_callback(url)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_by_a_problem(text: str) -> None:
    try:
        check_callback(text)
    except Problem as problem:
        assert problem.kind.code == "invalid_parameter"
    else:
        assert text.lower().startswith(("http://", "https://"))


def test_a_name_that_leads_to_the_own_link_is_not_called() -> None:
    assert is_link_local("169.254.169.254")
    assert is_link_local("fe80::1%eth0")
    assert not is_link_local("10.0.0.1")
    assert not is_link_local("example.com")

    async def resolve(host: str) -> list[str]:
        return [each["host"] for each in await Resolver().resolve(host, 80)]

    assert asyncio.run(resolve("localhost")) == ["127.0.0.1"]
    with pytest.raises(OSError, match="no address"):
        asyncio.run(resolve("169.254.169.254"))


def delivered(times: int) -> Msg:
    """Return a message as JetStream delivers it for the n-th time."""
    reply = f"$JS.ACK.INVOCATIONS.invocations-calls.{times}.1.1.1700000000000000000.0"
    return Msg(None, reply=reply)  # type: ignore[arg-type]  # nothing is sent


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again_later_and_later_but_not_for_ever(status: int) -> None:
    delays = [next_attempt(delivered(n), status, {}) for n in range(1, MOST_ATTEMPTS)]
    assert all(delay is not None and 2**n / 2 <= delay <= 60 for n, delay in enumerate(delays[:6]))
    assert next_attempt(delivered(MOST_ATTEMPTS), status, {}) is None


@pytest.mark.parametrize("status", [200, 204, 301, 400, 404, 422, 501])
def test_a_final_answer_is_final(status: int) -> None:
    assert next_attempt(delivered(1), status, {}) is None


def test_what_is_asked_for_is_granted_within_bounds() -> None:
    assert next_attempt(delivered(1), 503, {"Retry-After": "100"}) == 100
    assert next_attempt(delivered(1), 503, {"Retry-After": "100000"}) == 300


def test_headers_of_one_connection_are_not_passed_on() -> None:
    given = {"Host": "x", "Connection": "close, X-Hop", "X-Hop": "1", "X-Kept": "2", "TE": "x"}
    assert passed_on(given) == {"x-kept": "2"}
