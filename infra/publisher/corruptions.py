"""The ways in which the public publisher corrupts an event."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import msgspec

from infra.publisher.kinds import KINDS

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One way, the kinds it applies to (codes of KINDS), and whether the event stays valid."""

    name: str
    corrupt: Callable[[Event], object]
    codes: Sequence[int]
    stays_valid: bool = False


def _codes(source: str = "", stage: str = "", event_type: str = "") -> tuple[int, ...]:
    return tuple(
        code
        for code, kind in enumerate(KINDS)
        if source in {"", kind.source}
        and stage in {"", kind.stage}
        and event_type in {"", kind.type}
    )


def _user(event: Event) -> Event:
    user: Event = event["data"]["user"]
    return user


def _engagement(event: Event) -> Event:
    engagement: Event = event["data"]["engagement"]
    return engagement


_ALL: Final = _codes()

CORRUPTIONS: Final = (
    Corruption("timestamp invalid", lambda e: e.update(timestamp="invalid-timestamp"), _ALL),
    Corruption("eventId missing", lambda e: e.pop("eventId"), _ALL),
    Corruption("data.user missing", lambda e: e["data"].pop("user"), _ALL),
    Corruption("funnelStage invalid", lambda e: e.update(funnelStage="invalid-stage"), _ALL),
    Corruption("eventType is an array", lambda e: e.update(eventType=["unknown", "event"]), _ALL),
    Corruption("data.user.name missing", lambda e: _user(e).pop("name"), _codes("facebook")),
    Corruption("gender = alien", lambda e: _user(e).update(gender="alien"), _codes("facebook")),
    Corruption(
        "actionTime = -1",
        lambda e: _engagement(e).update(actionTime=-1),
        _codes("facebook", "top"),
    ),
    Corruption("adId missing", lambda e: _engagement(e).pop("adId"), _codes("facebook", "bottom")),
    Corruption("data.user.username missing", lambda e: _user(e).pop("username"), _codes("tiktok")),
    Corruption(
        "followers is text", lambda e: _user(e).update(followers="not-a-number"), _codes("tiktok")
    ),
    Corruption(
        "watchTime = -1", lambda e: _engagement(e).update(watchTime=-1), _codes("tiktok", "top")
    ),
    Corruption(
        "purchasedItem missing",
        lambda e: _engagement(e).pop("purchasedItem"),
        _codes("tiktok", "bottom"),
    ),
    Corruption(
        "unknown key",
        lambda e: _user(e).update(gender="alien"),
        _codes("tiktok"),
        stays_valid=True,
    ),
    Corruption(
        "unknown key",
        lambda e: _user(e).update(followers="not-a-number"),
        _codes("facebook"),
        stays_valid=True,
    ),
)

_BY_CODE: Final = tuple(
    tuple(corruption for corruption in CORRUPTIONS if code in corruption.codes)
    for code in range(len(KINDS))
)


def corrupt(rng: Random, event: bytes, code: int) -> tuple[bytes, Corruption]:
    """Return the event of kind `code`, corrupted in a way that is possible for it, and the way."""
    corruption = rng.choice(_BY_CODE[code])
    decoded = msgspec.json.decode(event)
    corruption.corrupt(decoded)
    return msgspec.json.encode(decoded), corruption
