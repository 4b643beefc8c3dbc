"""The contract of events, written anew from the specification for the tests alone."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

Event = dict[str, Any]

USER_KEYS = {
    "facebook": {"userId", "name", "age", "gender", "location"},
    "tiktok": {"userId", "username", "followers"},
}
TYPES = {
    ("facebook", "top"): {"ad.view", "page.like", "comment", "video.view"},
    ("facebook", "bottom"): {"ad.click", "form.submission", "checkout.complete"},
    ("tiktok", "top"): {"video.view", "like", "share", "comment"},
    ("tiktok", "bottom"): {"profile.visit", "purchase", "follow"},
}
REVENUE = {"checkout.complete", "purchase"}
_ENGAGEMENT_KEYS = {
    ("facebook", "top"): {"actionTime", "referrer", "videoId"},
    ("facebook", "bottom"): {
        *("adId", "campaignId", "clickPosition", "device", "browser", "purchaseAmount"),
    },
    ("tiktok", "top"): {"watchTime", "percentageWatched", "device", "country", "videoId"},
    ("tiktok", "bottom"): {"actionTime", "profileId", "purchasedItem", "purchaseAmount"},
}
_CHOICES = {
    "referrer": {"newsfeed", "marketplace", "groups"},
    "clickPosition": {"top_left", "bottom_right", "center"},
    "browser": {"Chrome", "Firefox", "Safari"},
    "gender": {"male", "female", "non-binary"},
}
_DEVICES = {"facebook": {"mobile", "desktop"}, "tiktok": {"Android", "iOS", "Desktop"}}
_NULLABLE = {"videoId", "purchaseAmount", "profileId", "purchasedItem"}


def _time(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _percentage(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 100


def _money(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{1,12}(\.\d{1,4})?", value) is not None


def _user(source: str, user: Event) -> bool:
    if source == "tiktok":
        return _text(user["userId"]) and _text(user["username"]) and type(user["followers"]) is int
    place = user["location"]
    return (
        all(map(_text, (user["userId"], user["name"], place["country"], place["city"])))
        and type(user["age"]) is int
        and user["gender"] in _CHOICES["gender"]
    )


def _member(source: str, stage: str, name: str, value: object) -> bool:
    if value is None:
        return name in _NULLABLE and (source, stage) != ("tiktok", "top")
    checks: dict[str, Callable[[object], bool]] = {
        "actionTime": _time,
        "purchaseAmount": _money,
        "watchTime": _number,
        "percentageWatched": _percentage,
    }
    if name == "device":
        return value in _DEVICES[source]
    if name in _CHOICES:
        return value in _CHOICES[name]
    return checks.get(name, _text)(value)


def is_valid(event: Event) -> bool:
    """Whether an event obeys the specification. Unknown keys are allowed."""
    try:
        source, stage, user = event["source"], event["funnelStage"], event["data"]["user"]
        engagement = event["data"]["engagement"]
        return (
            _text(event["eventId"])
            and _time(event["timestamp"])
            and event["eventType"] in TYPES[source, stage]
            and user.keys() >= USER_KEYS[source]
            and engagement.keys() >= _ENGAGEMENT_KEYS[source, stage]
            and _user(source, user)
            and all(
                _member(source, stage, name, engagement[name])
                for name in _ENGAGEMENT_KEYS[source, stage]
            )
        )
    except (KeyError, TypeError):
        return False
