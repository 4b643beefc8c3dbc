"""The report `demographics`: who the events come from, exactly."""

from collections import Counter
from dataclasses import replace

from shared.events.model import EventType
from shared.reports.answers import DemographicsAnswer, FacebookUsers, TiktokUsers
from shared.reports.parameters import FILTERS, FORMAT, RANGE
from shared.reports.people import read_people
from shared.reports.report import Report, Store
from shared.reports.selection import Selection
from shared.reports.shares import DemographicsRow, demographics_rows
from shared.reports.tables import Table
from shared.reports.totals import range_of, read_freshness, require_rows, tally
from shared.store.pool import Connection

AGE_LIMITS = (18, 25, 35, 45, 55)
AGE_GROUPS = ("under_18", "18_24", "25_34", "35_44", "45_54", "55_plus")
GENDERS = ("male", "female", "non-binary")
FOLLOWER_LIMITS = (1_000, 10_000, 100_000, 1_000_000)
FOLLOWER_RANGES = ("under_1k", "1k_10k", "10k_100k", "100k_1m", "1m_plus")
DEVICES = ("Android", "iOS", "Desktop")


async def build(source: Store, selection: Selection) -> DemographicsAnswer:
    """Describe the users behind a selection. Raises Problem rows_expired."""
    connection = source.connection
    await require_rows(connection, [kind.id for kind in selection.types], selection.span)
    freshness = await read_freshness(connection, selection)
    question = replace(selection.question(), group_by=("source",))
    tallies = await tally(connection, source.facts, question, selection.page("events"))
    events = Counter({group.key[0]: group.events for group in tallies.groups})
    return DemographicsAnswer(
        range=range_of(selection),
        as_of=freshness.as_of,
        freshness_seconds=freshness.seconds,
        exact=True,
        facebook=await _facebook(connection, selection, events["facebook"]),
        tiktok=await _tiktok(connection, selection, events["tiktok"]),
    )


async def _facebook(connection: Connection, selection: Selection, events: int) -> FacebookUsers:
    types = _of("facebook", selection)
    people = await read_people(connection, "report_facebook_users", selection, types, AGE_LIMITS)
    return FacebookUsers(
        users=people.users,
        events=events,
        average_age=people.average(),
        age_groups=people.by_range(AGE_GROUPS),
        gender=people.by_label(GENDERS),
        top_countries=people.countries(),
        top_cities=people.cities(),
    )


async def _tiktok(connection: Connection, selection: Selection, events: int) -> TiktokUsers:
    types = _of("tiktok", selection)
    people = await read_people(connection, "report_tiktok_users", selection, types, FOLLOWER_LIMITS)
    return TiktokUsers(
        users=people.users,
        events=events,
        average_followers=people.average(),
        follower_ranges=people.by_range(FOLLOWER_RANGES),
        devices=people.by_label(DEVICES),
        top_countries=people.countries(),
        average_watch_time=people.event_mean("watch time"),
        average_percentage_watched=people.event_mean("percentage watched"),
    )


def _of(source: str, selection: Selection) -> list[EventType]:
    return [kind for kind in selection.types if kind.source == source]


DEMOGRAPHICS = Report(
    name="demographics",
    build=build,
    parameters=(*RANGE, *FILTERS, FORMAT),
    table=Table(DemographicsRow, read=demographics_rows),
    costly=True,
)
