"""`hookstream report`: a report in the terminal."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from infra.commands.options import DEFAULT_STATE_DIR, StateDirectory

Name = Annotated[Literal["events", "revenue", "demographics"], typer.Argument(help="Which report.")]
From = Annotated[
    str | None,
    typer.Option("--from", help="First moment, inclusive: a date, or ISO-8601 with offset."),
]
To = Annotated[str | None, typer.Option("--to", help="Last moment, exclusive.")]
Source = Annotated[str | None, typer.Option(help="facebook or tiktok.")]
Stage = Annotated[str | None, typer.Option("--funnel-stage", help="top or bottom.")]
Type = Annotated[str | None, typer.Option("--event-type", help="For example ad.view.")]
Campaign = Annotated[str | None, typer.Option("--campaign-id", help="One campaign.")]
Country = Annotated[str | None, typer.Option(help="One country, by its name.")]
Url = Annotated[
    str | None, typer.Option(help="The gateway; default: that of the stack on --state-dir.")
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds to wait for the answer.")]
Json = Annotated[bool, typer.Option("--json", help="Print the answer as it came.")]


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
    url: Url = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    timeout: Timeout = 60,
    json: Json = False,
) -> None:
    """Show a report: what is stored, and up to when it is complete.

    \b
    Examples:
        hookstream report events --from 2026-11-01
        hookstream report revenue --source tiktok --json
        hookstream report demographics --country Ukraine
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    given = {
        "from": start,
        "to": end,
        "source": source,
        "funnelStage": funnel_stage,
        "eventType": event_type,
        "campaignId": campaign_id,
        "country": country,
    }
    parameters = {key: value for key, value in given.items() if value is not None}
    content = _fetch(url, state_dir, name, parameters, timeout)
    if json:
        typer.echo(content)
    else:
        _show(name, content)


def _fetch(
    url: str | None, state_dir: Path, name: str, parameters: dict[str, str], timeout: float
) -> bytes:
    from infra.publisher.target import TargetError, gateway_url  # noqa: PLC0415 - import cost
    from infra.reporting.client import ReportFailedError, fetch  # noqa: PLC0415 - likewise

    try:
        return fetch(gateway_url(url, state_dir), name, parameters, timeout)
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
