from datetime import UTC, datetime, timedelta

import psycopg
from integration.reports.asking import Reports

WRITE = "insert into watermarks values (%s, now() - make_interval(secs => %s), now())"


def test_unknown_while_the_watermark_of_a_wanted_source_is_missing(
    reports: Reports, tables: psycopg.Connection
) -> None:
    tables.execute(WRITE, ("facebook", 30))
    answer = reports.ask("events")
    assert (answer["asOf"], answer["freshnessSeconds"]) == (None, None)


def test_as_of_is_the_oldest_watermark_of_the_wanted_sources(
    reports: Reports, tables: psycopg.Connection
) -> None:
    tables.execute(WRITE, ("facebook", 30))
    tables.execute(WRITE, ("tiktok", 600))
    for name in ("events", "revenue", "demographics"):
        both, facebook = reports.ask_all([(name, ""), (name, "source=facebook")])
        assert 600 <= both["freshnessSeconds"] < 660
        assert 30 <= facebook["freshnessSeconds"] < 90
        gap = datetime.fromisoformat(facebook["asOf"]) - datetime.fromisoformat(both["asOf"])
        assert timedelta(seconds=560) < gap <= timedelta(seconds=570)


def test_a_watermark_ahead_of_the_databases_clock_is_fresh(
    reports: Reports, tables: psycopg.Connection
) -> None:
    for source in ("facebook", "tiktok"):
        tables.execute(WRITE, (source, -5))
    assert reports.ask("events")["freshnessSeconds"] == 0


def test_the_range_is_repeated_in_utc(reports: Reports) -> None:
    answer = reports.ask("events", "from=2026-01-31T14:00:00.000001%2B02:00&to=2026-02-01")
    assert answer["range"] == {"from": "2026-01-31T12:00:00.000001Z", "to": "2026-02-01T00:00:00Z"}
    assert datetime.fromisoformat(answer["range"]["from"]).tzinfo == UTC
    assert reports.ask("revenue")["range"] == {"from": None, "to": None}
