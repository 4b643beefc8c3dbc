"""Servers with a history in which one person took part, and the command that erases them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import streams
from builders import facebook, tiktok
from records import Servers, command

ADA = {"userId": "user-ada-7", "name": "Ada Lovelace"}
ADA_ON_TIKTOK = {"userId": "user-ada-7", "username": "ada.lovelace"}
NAMES = ("user-ada-7", "Ada Lovelace", "ada.lovelace")
"""What must be nowhere when the person is erased."""


def ada(event_type: str = "ad.view", **changes: object) -> dict[str, Any]:
    """Return a Facebook event of the person."""
    return facebook(event_type, **{**ADA, **changes})


def ada_on_tiktok(event_type: str = "like", **changes: object) -> dict[str, Any]:
    """Return a TikTok event of the person."""
    return tiktok(event_type, **{**ADA_ON_TIKTOK, **changes})


@dataclass
class Eraser:
    """Runs `hookstream erase` for the person."""

    servers: Servers

    def __call__(self, *options: str, expect: int = 0) -> dict[str, Any]:
        """Return the command's answer."""
        urls = ("--nats-url", self.servers.nats_url, "--database-url", self.servers.database_url)
        answer = command("erase", "--user", ADA["userId"], *urls, "--json", *options, expect=expect)
        return json.loads(answer)  # type: ignore[no-any-return]


@pytest.fixture
def records(nats_url: str, database_url: str) -> Servers:
    """Return the test's servers, empty."""
    return Servers(nats_url, database_url)


@pytest.fixture
def erase(records: Servers) -> Callable[..., dict[str, Any]]:
    """Return what runs the command."""
    return Eraser(records)


@pytest.fixture
def history(records: Servers) -> Servers:
    """Return servers in which the person's events are stored, repeated and rejected."""
    url = records.nats_url
    sale = ada("checkout.complete", purchaseAmount="100.01", timestamp="2026-11-02T10:07:00Z")
    others = [
        facebook("checkout.complete", purchaseAmount=f"{n}.10", timestamp="2026-11-02T10:08:00Z")
        for n in range(10)
    ]
    streams.publish(url, "facebook", [[*others, sale, ada()], others, [ada(), sale]])
    streams.publish(url, "facebook", [[ada(age=-1), facebook(age=-1)], [ada(name=7)]])
    bought = ada_on_tiktok("purchase", timestamp="2026-11-02T10:09:30Z")
    watched = ada_on_tiktok(timestamp="2026-11-02T10:09:40Z", watchTime=30.5)
    streams.publish(url, "tiktok", [[bought, watched, tiktok()], [tiktok()]])
    records.process()
    return records
