"""Where secrets are configured, only signed requests bring events, each of its own source."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import streams
from builders import facebook, tiktok
from processes import Served, serve
from signing import (
    FACEBOOK_SECRET,
    TIKTOK_SECRET,
    WEBHOOK_SECRET,
    facebook_signed,
    standard_signed,
    tiktok_signed,
)

TOKEN = "subscribe-me"  # noqa: S105 - of tests


@pytest.fixture
def ingest(nats_url: str) -> Iterator[Served]:
    environment = {
        "NATS_URL": nats_url,
        "FACEBOOK_APP_SECRETS": f"{FACEBOOK_SECRET},the-next-one",
        "FACEBOOK_VERIFY_TOKEN": TOKEN,
        "TIKTOK_CLIENT_SECRETS": TIKTOK_SECRET,
        "WEBHOOK_SECRETS": WEBHOOK_SECRET,
    }
    with serve("shared.serve", "webhook-ingest", environment=environment) as served:
        yield served


def content(*events: dict[str, Any]) -> bytes:
    return json.dumps(events).encode()


def test_each_scheme_lets_its_events_in(client: httpx2.Client, nats_url: str) -> None:
    sent = [facebook(name="Київ"), tiktok(), facebook(), tiktok(), facebook()]
    next_one = content(sent[4])
    for body, headers in (
        (content(sent[0]), facebook_signed(content(sent[0]))),
        (content(sent[1]), tiktok_signed(content(sent[1]))),
        (content(*sent[2:4]), standard_signed(content(*sent[2:4]))),
        (next_one, facebook_signed(next_one, "the-next-one")),
    ):
        answer = client.post("/", content=body, headers=headers)
        assert (answer.status_code, answer.json()["rejected"]) == (200, 0)
    assert sorted(streams.events(nats_url), key=str) == sorted(sent, key=str)


BODY = content(facebook())
OTHER = facebook_signed(BODY + b" ")


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer x"},
        {"x-hub-signature-256": ""},
        {"x-hub-signature-256": "sha256="},
        OTHER,
        facebook_signed(BODY, "stranger"),
        tiktok_signed(BODY, age=301),
        standard_signed(BODY, age=301),
        standard_signed(BODY, age=-3000),
        facebook_signed(BODY) | tiktok_signed(BODY),
    ],
    ids=range(10),
)
def test_what_is_not_signed_stores_nothing(
    headers: dict[str, str], client: httpx2.Client, nats_url: str
) -> None:
    answer = client.post("/", content=BODY, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"]
    code = "invalid_credentials" if "authorization" in headers else "invalid_signature"
    assert answer.json()["code"] == code
    assert not streams.messages(nats_url)
    assert not streams.messages(nats_url, "DEADLETTER")


@pytest.mark.parametrize("number", [1, 50])
def test_events_of_another_source_are_refused(
    number: int, client: httpx2.Client, nats_url: str
) -> None:
    own = [facebook() for _ in range(number)]
    body = content(*own, *(tiktok() for _ in range(number)))
    answer = client.post("/", content=body, headers=facebook_signed(body)).json()
    assert (answer["accepted"], answer["rejected"]) == (number, number)
    assert {result["code"] for result in answer["results"]} == {"foreign_source"}
    assert answer["notQuarantined"] == [{"code": "foreign_source", "count": number}]
    assert {event["source"] for event in streams.events(nats_url)} == {"facebook"}
    assert not streams.messages(nats_url, "DEADLETTER")


def test_a_source_that_is_not_where_it_is_looked_for(client: httpx2.Client) -> None:
    hidden = json.dumps(tiktok() | {"eventId": "x" * 250}).encode()
    disguised = b'{"note":"' + b"n" * 300 + b'",' + hidden[1:]
    body = b"[" + b",".join([disguised] * 30) + b"]"
    answer = client.post("/", content=body, headers=facebook_signed(body))
    assert (answer.status_code, answer.json()["accepted"]) == (422, 0)


def test_signatures_are_over_what_is_sent(client: httpx2.Client) -> None:
    plain = content(facebook())
    body = gzip.compress(plain)
    encoded = {"content-encoding": "gzip"}
    inflated = client.post("/", content=body, headers=encoded | facebook_signed(plain))
    assert inflated.status_code == 401
    assert client.post("/", content=body, headers=encoded | facebook_signed(body)).is_success


def test_a_large_body(client: httpx2.Client) -> None:
    body = content(*(facebook() for _ in range(3000)))
    assert len(body) > 2**20
    assert client.post("/", content=body, headers=facebook_signed(body)).json()["accepted"] == 3000
    assert client.post("/", content=body[:-1] + b" ", headers=facebook_signed(body)).is_error


def verification(**changes: str) -> dict[str, str]:
    given = {"mode": "subscribe", "verify_token": TOKEN, "challenge": "1158201444"} | changes
    return {f"hub.{name}": value for name, value in given.items() if value}


def test_facebooks_verification_request(client: httpx2.Client) -> None:
    answer = client.get("/webhook/facebook", params=verification())
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"] == "text/plain"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"verify_token": "wrong"}, 403),
        ({"verify_token": ""}, 403),
        ({"mode": "unsubscribe"}, 400),
        ({"challenge": ""}, 400),
        ({"challenge": "<script>"}, 400),
        ({"mode": ""}, 400),
    ],
)
def test_other_verification_requests(
    changes: dict[str, str], status: int, client: httpx2.Client
) -> None:
    answer = client.get("/", params=verification(**changes))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
