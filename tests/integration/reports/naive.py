"""The reports once more, computed from single events in plain Python and nothing of ours."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

FACEBOOK, TIKTOK = "facebook", "tiktok"
TYPES = {
    1: (FACEBOOK, "top", "ad.view"),
    2: (FACEBOOK, "top", "page.like"),
    3: (FACEBOOK, "top", "comment"),
    4: (FACEBOOK, "top", "video.view"),
    5: (FACEBOOK, "bottom", "ad.click"),
    6: (FACEBOOK, "bottom", "form.submission"),
    7: (FACEBOOK, "bottom", "checkout.complete"),
    8: (TIKTOK, "top", "video.view"),
    9: (TIKTOK, "top", "like"),
    10: (TIKTOK, "top", "share"),
    11: (TIKTOK, "top", "comment"),
    12: (TIKTOK, "bottom", "profile.visit"),
    13: (TIKTOK, "bottom", "purchase"),
    14: (TIKTOK, "bottom", "follow"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What the store knows of an event; the fields are the columns of `events`.

    An erased person's user id is empty, and all that was about the person is None.
    """

    occurred_at: datetime
    type_id: int
    event_id: str
    user_id: str
    country: str | None = None
    city: str | None = None
    age: int | None = None
    gender: str | None = None
    followers: int | None = None
    device: str | None = None
    watch_time: float | None = None
    percentage_watched: float | None = None
    campaign_id: str | None = None
    revenue: Decimal | None = None

    @property
    def kind(self) -> tuple[str, str, str]:
        return TYPES[self.type_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The parameters of a report."""

    start: datetime | None = None
    end: datetime | None = None
    source: str | None = None
    funnel_stage: str | None = None
    event_type: str | None = None
    campaign_id: str | None = None
    country: str | None = None

    def has(self, event: Event) -> bool:
        source, stage, name = event.kind
        return (
            (self.start is None or event.occurred_at >= self.start)
            and (self.end is None or event.occurred_at < self.end)
            and self.source in (None, source)
            and self.funnel_stage in (None, stage)
            and self.event_type in (None, name)
            and self.campaign_id in (None, event.campaign_id)
            and self.country in (None, event.country)
        )


def events(stored: Iterable[Event], wanted: Wanted) -> dict[str, Any]:
    counts = Counter(event.kind for event in stored if wanted.has(event))
    return {
        "totalEvents": counts.total(),
        "groups": [
            {"source": source, "funnelStage": stage, "eventType": name, "count": count}
            for (source, stage, name), count in sorted(counts.items())
        ],
    }


def revenue(stored: Iterable[Event], wanted: Wanted) -> dict[str, Any]:
    amounts: dict[tuple[str, str], list[Decimal]] = {}
    for event in stored:
        if wanted.has(event) and event.revenue is not None:
            source, _, name = event.kind
            amounts.setdefault((source, name), []).append(event.revenue)
    return {
        **_sales([amount for group in amounts.values() for amount in group]),
        "groups": [
            {"source": source, "eventType": name, **_sales(group)}
            for (source, name), group in sorted(amounts.items())
        ],
    }


def demographics(stored: Iterable[Event], wanted: Wanted) -> dict[str, Any]:
    chosen = [event for event in stored if wanted.has(event)]
    by_source = {
        source: [event for event in chosen if event.kind[0] == source]
        for source in (FACEBOOK, TIKTOK)
    }
    return {
        "exact": True,
        "facebook": _facebook(by_source[FACEBOOK]),
        "tiktok": _tiktok(by_source[TIKTOK]),
    }


def _sales(amounts: Sequence[Decimal]) -> dict[str, Any]:
    total = sum((Fraction(amount) for amount in amounts), Fraction(0))
    average = rounded(total / len(amounts), 2) if amounts else None
    return {
        "totalRevenue": _decimals(total),
        "transactionCount": len(amounts),
        "averageOrderValue": None if average is None else f"{average:.2f}",
    }


def _decimals(amount: Fraction) -> str:
    """Write an amount with two to four decimals, as few as are exact."""
    for places in (2, 3, 4):
        text = f"{rounded(amount, places):.{places}f}"
        if Fraction(text) == amount:
            return text
    raise AssertionError(amount)


def rounded(value: Fraction, places: int) -> Decimal:
    """Round half even."""
    return Decimal(round(value * 10**places)).scaleb(-places)


def _mean(values: Sequence[int | float]) -> float | None:
    if not values:
        return None
    exact = [Fraction(v if isinstance(v, int) else Decimal(f"{v:.15g}")) for v in values]
    return float(rounded(sum(exact, Fraction(0)) / len(exact), 4))


def _latest(chosen: Iterable[Event], known: Callable[[Event], Any]) -> dict[str, Any]:
    """Return what the latest event that carries it says of each user."""
    ordered = sorted(chosen, key=lambda event: (event.occurred_at, event.event_id.encode()))
    return {event.user_id: known(event) for event in ordered if known(event) is not None}


def _ranges(values: Iterable[int], **limits: int) -> dict[str, int]:
    """Count values by the first range whose upper limit they are below."""
    counts = dict.fromkeys(limits, 0)
    for value in values:
        counts[next(name for name, limit in limits.items() if value < limit)] += 1
    return counts


def _counts(values: Iterable[str], *names: str) -> dict[str, int]:
    counts = Counter(values)
    return {name: counts[name] for name in names}


def _top(places: Iterable[tuple[str, ...]], **names: int) -> list[dict[str, Any]]:
    """Return the ten most frequent places; `names` gives each member its index in a place."""
    counts = Counter(places)
    best = sorted(
        counts.items(), key=lambda item: (-item[1], [part.encode() for part in reversed(item[0])])
    )
    return [
        {
            **{name: place[index] for name, index in names.items()},
            "users": users,
            "share": float(rounded(Fraction(users, counts.total()), 6)),
        }
        for place, users in best[:10]
    ]


def _facebook(chosen: Sequence[Event]) -> dict[str, Any]:
    ages = _latest(chosen, lambda event: event.age).values()
    cities = _latest(
        chosen, lambda event: None if event.city is None else (event.country, event.city)
    ).values()
    countries = _latest(chosen, lambda event: event.country).values()
    genders = _latest(chosen, lambda event: event.gender).values()
    return {
        "users": len({event.user_id for event in chosen if event.user_id}),
        "events": len(chosen),
        "averageAge": _mean(list(ages)),
        "ageGroups": _ranges(
            ages,
            **{"under_18": 18, "18_24": 25, "25_34": 35, "35_44": 45, "45_54": 55, "55_plus": 999},
        ),
        "gender": _counts(genders, "male", "female", "non-binary"),
        "topCountries": _top(((name,) for name in countries), country=0),
        "topCities": _top(cities, country=0, city=1),
    }


def _tiktok(chosen: Sequence[Event]) -> dict[str, Any]:
    followers = _latest(chosen, lambda event: event.followers).values()
    devices = _latest(chosen, lambda event: event.device).values()
    countries = _latest(chosen, lambda event: event.country).values()
    watched = [event.watch_time for event in chosen if event.watch_time is not None]
    shares = [event.percentage_watched for event in chosen if event.percentage_watched is not None]
    return {
        "users": len({event.user_id for event in chosen if event.user_id}),
        "events": len(chosen),
        "averageFollowers": _mean(list(followers)),
        "followerRanges": _ranges(
            followers,
            **{
                "under_1k": 1_000,
                "1k_10k": 10_000,
                "10k_100k": 100_000,
                "100k_1m": 1_000_000,
                "1m_plus": 2**63,
            },
        ),
        "devices": _counts(devices, "Android", "iOS", "Desktop"),
        "topCountries": _top(((name,) for name in countries), country=0),
        "averageWatchTime": _mean(watched),
        "averagePercentageWatched": _mean(shares),
    }
