"""`hookstream report`: a report in the terminal."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Annotated, Literal

import typer

from infra.commands.options import DEFAULT_STATE_DIR, StateDirectory

Name = Annotated[
    Literal["events", "revenue", "demographics", "funnel"], typer.Argument(help="Which report.")
]
From = Annotated[
    str | None,
    typer.Option("--from", help="First moment, inclusive: a date, or ISO-8601 with offset."),
]
To = Annotated[str | None, typer.Option("--to", help="Last moment, exclusive.")]
Many = list[str] | None
Source = Annotated[Many, typer.Option(help="facebook or tiktok.")]
Stage = Annotated[Many, typer.Option("--funnel-stage", help="top or bottom.")]
Type = Annotated[Many, typer.Option("--event-type", help="For example ad.view; repeatable.")]
Campaign = Annotated[Many, typer.Option("--campaign-id", help="A campaign; repeatable.")]
Country = Annotated[Many, typer.Option(help="A country, by its name; repeatable.")]
GroupBy = Annotated[
    Many, typer.Option("--group-by", help="A dimension, e.g. country; repeatable, or by commas.")
]
Interval = Annotated[str | None, typer.Option(help="Over time: 15m, 1h, 1d, 1w or 1M.")]
Zone = Annotated[str | None, typer.Option("--timezone", help="Of the intervals: an IANA name.")]
Limit = Annotated[int | None, typer.Option(help="Most groups.")]
Cursor = Annotated[str | None, typer.Option(help="Where the page before ended.")]
Url = Annotated[
    str | None, typer.Option(help="The gateway; default: that of the stack on --state-dir.")
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the answer.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as it came.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV; without --limit all groups.")]
Watch = Annotated[
    float | None, typer.Option(min=0.2, help="Show it anew every so many seconds, until Ctrl-C.")
]


_CLEAR = "\033[2J\033[H"
"""Empties a terminal's screen (ECMA-48: ED, CUP)."""

_pause = Event().wait


def report(  # noqa: PLR0913 - each is an option of the command line
    name: Name,
    *,
    start: From = None,
    end: To = None,
    source: Source = None,
    funnel_stage: Stage = None,
    event_type: Type = None,
    campaign_id: Campaign = None,
    country: Country = None,
    group_by: GroupBy = None,
    interval: Interval = None,
    timezone: Zone = None,
    limit: Limit = None,
    cursor: Cursor = None,
    url: Url = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    timeout: Timeout = 60,
    json: Json = False,
    csv: Csv = False,
    watch: Watch = None,
) -> None:
    """Show a report: what is stored, and up to when it is complete.

    \b
    Examples:
        hookstream report events --from 2026-11-01 --interval 1d --timezone Europe/Kyiv
        hookstream report revenue --group-by campaignId --limit 20
        hookstream report funnel --group-by country --watch 5
        hookstream report demographics --country Ukraine --country Poland --json
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    given: dict[str, list[str] | str | int | None] = {
        "from": start,
        "to": end,
        "source": source,
        "funnelStage": funnel_stage,
        "eventType": event_type,
        "campaignId": campaign_id,
        "country": country,
        "groupBy": group_by,
        "interval": interval,
        "timezone": timezone,
        "limit": limit,
        "cursor": cursor,
        "format": "csv" if csv else None,
    }
    parameters = [pair for key, value in given.items() for pair in _pairs(key, value)]
    read = partial(_fetch, url, state_dir, name, parameters, timeout)
    show = partial(typer.echo, nl=False) if csv else typer.echo if json else partial(_show, name)
    if watch is None:
        show(read())
    else:
        _watch(read, show, watch)


def _pairs(key: str, value: list[str] | str | int | None) -> list[tuple[str, str]]:
    values = value if isinstance(value, list) else [] if value is None else [str(value)]
    return [(key, text) for text in values]


def _watch(read: Callable[[], bytes], show: Callable[[bytes], None], seconds: float) -> None:
    """Show what is read again and again, each time on an empty screen, until Ctrl-C."""
    try:
        while True:
            content = read()
            if sys.stdout.isatty():
                typer.echo(_CLEAR, nl=False)
            show(content)
            _pause(seconds)
    except KeyboardInterrupt:
        return


def _fetch(
    url: str | None,
    state_dir: Path,
    name: str,
    parameters: list[tuple[str, str]],
    timeout: float,
) -> bytes:
    from infra.publisher.target import (  # noqa: PLC0415 - import cost
        TargetError,
        gateway_url,
        key_headers,
    )
    from infra.reporting.client import ReportFailedError, fetch  # noqa: PLC0415 - likewise

    try:
        return fetch(gateway_url(url, state_dir), name, parameters, timeout, key_headers())
    except (TargetError, ReportFailedError) as error:
        raise _failure(str(error)) from error


def _show(name: str, content: bytes) -> None:
    import msgspec  # noqa: PLC0415 - import cost
    from rich.console import Console  # noqa: PLC0415 - likewise

    from infra.reporting.display import show_report  # noqa: PLC0415 - likewise

    try:
        show_report(Console(highlight=False), name, content)
    except msgspec.MsgspecError as error:
        raise _failure(f"the answer is no report: {error}") from error


def _failure(text: str) -> typer.Exit:
    typer.secho(text, fg="red", err=True)
    return typer.Exit(1)
