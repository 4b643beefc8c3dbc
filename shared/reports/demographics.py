"""The report `demographics`: who the events come from, exactly."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from shared.reports.answers import (
    CityShare,
    CountryShare,
    DemographicsAnswer,
    FacebookUsers,
    TiktokUsers,
)
from shared.reports.parameters import FILTERS, FORMAT, RANGE
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.shares import DemographicsRow, demographics_rows
from shared.reports.tables import Table
from shared.reports.totals import range_of
from shared.segments.columns import DEVICES as STORED_DEVICES
from shared.segments.columns import GENDERS

if TYPE_CHECKING:
    from shared.reports.facts.people import People, Place

AGE_LIMITS = (18, 25, 35, 45, 55)
AGE_GROUPS = ("under_18", "18_24", "25_34", "35_44", "45_54", "55_plus")
FOLLOWER_LIMITS = (1_000, 10_000, 100_000, 1_000_000)
FOLLOWER_RANGES = ("under_1k", "1k_10k", "10k_100k", "100k_1m", "1m_plus")
DEVICES = ("Android", "iOS", "Desktop")


async def build(source: Store, selection: Selection) -> DemographicsAnswer:
    """Describe the users behind a selection.

    Raises Problem rows_expired, segments_behind or selection_too_large.
    """
    connection = source.connection
    facebook, tiktok = await source.facts.people(connection, selection.question(), _describe)
    return DemographicsAnswer(
        range=range_of(selection),
        as_of=source.standing.as_of,
        freshness_seconds=source.standing.age,
        exact=True,
        facebook=facebook,
        tiktok=tiktok,
    )


def _describe(people: "Mapping[str, People]") -> tuple[FacebookUsers, TiktokUsers]:
    return _facebook(people.get("facebook")), _tiktok(people.get("tiktok"))


def _facebook(people: "People | None") -> FacebookUsers:
    if people is None:
        return FacebookUsers(
            users=0,
            events=0,
            average_age=None,
            age_groups=dict.fromkeys(AGE_GROUPS, 0),
            gender=dict.fromkeys(GENDERS, 0),
            top_countries=[],
            top_cities=[],
        )
    age = people.measured("age", AGE_LIMITS)
    return FacebookUsers(
        users=people.users,
        events=people.events,
        average_age=age.average,
        age_groups=dict(zip(AGE_GROUPS, age.by_range, strict=True)),
        gender=people.labelled("gender", GENDERS),
        top_countries=_countries(people),
        top_cities=[_city(place) for place in people.places("city")],
    )


def _tiktok(people: "People | None") -> TiktokUsers:
    if people is None:
        return TiktokUsers(
            users=0,
            events=0,
            average_followers=None,
            follower_ranges=dict.fromkeys(FOLLOWER_RANGES, 0),
            devices=dict.fromkeys(DEVICES, 0),
            top_countries=[],
            average_watch_time=None,
            average_percentage_watched=None,
        )
    followers = people.measured("followers", FOLLOWER_LIMITS)
    devices = people.labelled("device", STORED_DEVICES)
    return TiktokUsers(
        users=people.users,
        events=people.events,
        average_followers=followers.average,
        follower_ranges=dict(zip(FOLLOWER_RANGES, followers.by_range, strict=True)),
        devices={name: devices[name] for name in DEVICES},
        top_countries=_countries(people),
        average_watch_time=people.event_mean("watch_time"),
        average_percentage_watched=people.event_mean("percentage_watched"),
    )


def _countries(people: "People") -> list[CountryShare]:
    return [
        CountryShare(country=place.name, users=place.users, share=place.share)
        for place in people.places("country")
    ]


def _city(place: "Place") -> CityShare:
    city, _, country = place.name.partition("\0")
    return CityShare(country=country, city=city, users=place.users, share=place.share)


DEMOGRAPHICS = Report(
    name="demographics",
    build=build,
    parameters=(*RANGE, *FILTERS, FORMAT),
    table=Table(DemographicsRow, read=demographics_rows),
    costly=True,
)
