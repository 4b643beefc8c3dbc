"""The reports once more, computed from single events in plain Python and nothing of ours."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import xxhash

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
    purchased_item: str | None = None
    revenue: Decimal | None = None

    @property
    def kind(self) -> tuple[str, str, str]:
        return TYPES[self.type_id]


Choice = tuple[str, ...] | None
"""Those of which an event has to have any; None is no restriction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The parameters of a report; without `group_by` groups are those of the report's default."""

    start: datetime | None = None
    end: datetime | None = None
    source: Choice = None
    funnel_stage: Choice = None
    event_type: Choice = None
    campaign_id: Choice = None
    country: Choice = None
    group_by: tuple[str, ...] = ()
    interval: str | None = None
    timezone: str = "UTC"

    def has(self, event: Event) -> bool:
        source, stage, name = event.kind
        return (
            (self.start is None or event.occurred_at >= self.start)
            and (self.end is None or event.occurred_at < self.end)
            and (self.source is None or source in self.source)
            and (self.funnel_stage is None or stage in self.funnel_stage)
            and (self.event_type is None or name in self.event_type)
            and (self.campaign_id is None or event.campaign_id in self.campaign_id)
            and (self.country is None or event.country in self.country)
        )


Figures = Callable[[Sequence[Event]], dict[str, Any]]


def events(stored: Iterable[Event], wanted: Wanted) -> dict[str, Any]:
    chosen = [event for event in stored if wanted.has(event)]
    by = wanted.group_by or ("source", "funnelStage", "eventType")
    return {
        "totalEvents": len(chosen),
        **grouped(chosen, by, wanted, lambda members: {"count": len(members)}, len),
    }


def revenue(stored: Iterable[Event], wanted: Wanted) -> dict[str, Any]:
    chosen = [event for event in stored if wanted.has(event) and event.revenue is not None]
    by = wanted.group_by or ("source", "eventType")
    return {**_sales(chosen), **grouped(chosen, by, wanted, _sales, revenue_of)}


def grouped(
    chosen: Sequence[Event],
    by: tuple[str, ...],
    wanted: Wanted,
    figures: Figures,
    size: Callable[[Sequence[Event]], Any],
) -> dict[str, Any]:
    """Return the groups, the largest first, and the points of their series."""
    groups: dict[tuple[str | None, ...], list[Event]] = {}
    for event in chosen:
        groups.setdefault(tuple(_dimension(event, name) for name in by), []).append(event)
    ranked = sorted(groups.items(), key=lambda item: (-size(item[1]), _order(by, item[0])))
    answer: dict[str, Any] = {
        "groupCount": len(groups),
        "groups": [
            {**dict(zip(by, key, strict=True)), **figures(members)} for key, members in ranked
        ],
    }
    if wanted.interval is not None:
        points: dict[tuple[datetime, int], list[Event]] = {}
        for place, (_, members) in enumerate(ranked):
            for event in members:
                start = begun(event.occurred_at, wanted.interval, ZoneInfo(wanted.timezone))
                points.setdefault((start, place), []).append(event)
        zone = ZoneInfo(wanted.timezone)
        answer["series"] = [
            {
                "start": start.astimezone(zone).isoformat().replace("+00:00", "Z"),
                **dict(zip(by, ranked[place][0], strict=True)),
                **figures(members),
            }
            for (start, place), members in sorted(points.items(), key=lambda item: item[0])
        ]
    return answer


def _dimension(event: Event, name: str) -> str | None:
    source, stage, kind = event.kind
    return {
        "source": source,
        "funnelStage": stage,
        "eventType": kind,
        "country": event.country,
        "campaignId": event.campaign_id,
        "device": event.device,
        "purchasedItem": event.purchased_item,
    }[name]


def _order(by: tuple[str, ...], key: tuple[str | None, ...]) -> list[Any]:
    """Return what equal groups are in the order of: none first, numerous values by their hash."""
    numerous = ("campaignId", "purchasedItem")
    return [
        (0, "")
        if text is None
        else (1, (xxhash.xxh3_64_intdigest(text.encode()) or 1) if name in numerous else text)
        for name, text in zip(by, key, strict=True)
    ]


@cache
def begun(moment: datetime, interval: str, zone: ZoneInfo) -> datetime:
    """Return the first moment (UTC) of the interval, by walking back over quarters of an hour."""
    quarter = moment - (moment - datetime(2000, 1, 1, tzinfo=UTC)) % timedelta(minutes=15)
    while _label(quarter - timedelta(minutes=15), interval, zone) == _label(
        quarter, interval, zone
    ):
        quarter -= timedelta(minutes=15)
    return quarter


def _label(moment: datetime, interval: str, zone: ZoneInfo) -> tuple[object, ...]:
    local = moment.astimezone(zone)
    return {
        "15m": (moment,),
        "1h": (local.date(), local.hour, local.utcoffset()),
        "1d": (local.date(),),
        "1w": tuple(local.isocalendar()[:2]),
        "1M": (local.year, local.month),
    }[interval]


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


def revenue_of(members: Sequence[Event]) -> Fraction:
    amounts = (Fraction(event.revenue) for event in members if event.revenue is not None)
    return sum(amounts, Fraction(0))


def _sales(members: Sequence[Event]) -> dict[str, Any]:
    total = revenue_of(members)
    average = rounded(total / len(members), 2) if members else None
    return {
        "totalRevenue": decimals(total),
        "transactionCount": len(members),
        "averageOrderValue": None if average is None else f"{average:.2f}",
    }


def decimals(amount: Fraction) -> str:
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
    """Return what the latest event that carries it says of each user; of equals, the greatest."""
    carrying = [event for event in chosen if known(event) is not None]
    ordered = sorted(carrying, key=lambda event: (event.occurred_at, known(event)))
    return {event.user_id: known(event) for event in ordered if event.user_id}


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
    best = sorted(counts.items(), key=lambda item: (-item[1], [part.encode() for part in item[0]]))
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
        chosen, lambda event: None if event.city is None else (event.city, event.country)
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
        "topCities": _top(cities, country=1, city=0),
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
