"""Builds valid events to send, each with an id of its own."""

import uuid
from datetime import UTC, datetime
from typing import Any

BOTTOM = {
    "ad.click", "form.submission", "checkout.complete", "profile.visit", "purchase", "follow",
}  # fmt: skip


def now() -> str:
    """Return the present as the publisher writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def facebook(event_type: str = "ad.view", **changes: object) -> dict[str, Any]:
    """Return a valid Facebook event; `changes` replace fields of any level by name."""
    engagement: dict[str, Any] = {"actionTime": now(), "referrer": "groups", "videoId": None}
    if event_type in BOTTOM:
        engagement = {
            "adId": "ad-1",
            "campaignId": "camp-1",
            "clickPosition": "center",
            "device": "mobile",
            "browser": "Chrome",
            "purchaseAmount": "10.50" if event_type == "checkout.complete" else None,
        }
    user = {
        "userId": f"user-{uuid.uuid4()}",
        "name": "Ada Example",
        "age": 36,
        "gender": "female",
        "location": {"country": "Ukraine", "city": "Kyiv"},
    }
    return _event("facebook", event_type, user, engagement, changes)


def tiktok(event_type: str = "like", **changes: object) -> dict[str, Any]:
    """Return a valid TikTok event; `changes` replace fields of any level by name."""
    engagement: dict[str, Any] = {
        "watchTime": 12.5,
        "percentageWatched": 80,
        "device": "Android",
        "country": "Ukraine",
        "videoId": "vid-1",
    }
    if event_type in BOTTOM:
        engagement = {
            "actionTime": now(),
            "profileId": "profile-1",
            "purchasedItem": "hat" if event_type == "purchase" else None,
            "purchaseAmount": "7.25" if event_type == "purchase" else None,
        }
    user = {"userId": f"user-{uuid.uuid4()}", "username": "ada", "followers": 1200}
    return _event("tiktok", event_type, user, engagement, changes)


def _event(
    source: str,
    event_type: str,
    user: dict[str, Any],
    engagement: dict[str, Any],
    changes: dict[str, Any],
) -> dict[str, Any]:
    event: dict[str, Any] = {
        "eventId": f"{source[:2]}-{uuid.uuid4()}",
        "timestamp": now(),
        "source": source,
        "funnelStage": "bottom" if event_type in BOTTOM else "top",
        "eventType": event_type,
        "data": {"user": user, "engagement": engagement},
    }
    for name, value in changes.items():
        home = next((part for part in (event, user, engagement) if name in part), event)
        home[name] = value
    return event
