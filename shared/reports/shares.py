"""The demographics as a table: one row per figure."""

from collections.abc import Iterable

import msgspec

from shared.events.model import Source
from shared.reports.answers import CityShare, CountryShare, DemographicsAnswer


class DemographicsRow(msgspec.Struct, rename="camel", kw_only=True):
    """How many users of a source are in a group: `figure` says by what, e.g. `gender`.

    `events` and the means stand in rows of their own, their figure in `value`.
    """

    source: Source
    figure: str
    group: str | None = None
    country: str | None = None
    users: int | None = None
    share: float | None = None
    value: float | None = None


def demographics_rows(answer: DemographicsAnswer) -> list[DemographicsRow]:
    """Return an answer's figures."""
    facebook, tiktok = answer.facebook, answer.tiktok
    return [
        _row("facebook", "users", users=facebook.users),
        _row("facebook", "events", value=facebook.events),
        _row("facebook", "averageAge", value=facebook.average_age),
        *_counted("facebook", "ageGroups", facebook.age_groups),
        *_counted("facebook", "gender", facebook.gender),
        *_placed("facebook", "topCountries", facebook.top_countries),
        *_placed("facebook", "topCities", facebook.top_cities),
        _row("tiktok", "users", users=tiktok.users),
        _row("tiktok", "events", value=tiktok.events),
        _row("tiktok", "averageFollowers", value=tiktok.average_followers),
        _row("tiktok", "averageWatchTime", value=tiktok.average_watch_time),
        _row("tiktok", "averagePercentageWatched", value=tiktok.average_percentage_watched),
        *_counted("tiktok", "followerRanges", tiktok.follower_ranges),
        *_counted("tiktok", "devices", tiktok.devices),
        *_placed("tiktok", "topCountries", tiktok.top_countries),
    ]


def _row(
    source: Source, figure: str, *, users: int | None = None, value: float | None = None
) -> DemographicsRow:
    return DemographicsRow(source=source, figure=figure, users=users, value=value)


def _counted(source: Source, figure: str, counts: dict[str, int]) -> Iterable[DemographicsRow]:
    for name, users in counts.items():
        yield DemographicsRow(source=source, figure=figure, group=name, users=users)


def _placed(
    source: Source, figure: str, places: Iterable[CountryShare | CityShare]
) -> Iterable[DemographicsRow]:
    for place in places:
        yield DemographicsRow(
            source=source,
            figure=figure,
            group=place.city if isinstance(place, CityShare) else place.country,
            country=place.country,
            users=place.users,
            share=place.share,
        )
