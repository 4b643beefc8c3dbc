"""`hookstream replay`: deliver again what EVENTS still holds."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.commands.options import DEFAULT_STATE_DIR, DryRun, Json, NatsUrl, StateDirectory

if TYPE_CHECKING:
    from infra.replaying.result import Replayed

From = Annotated[
    str | None,
    typer.Option("--from", help="First moment of acceptance: a date, or ISO-8601 with offset."),
]
To = Annotated[str | None, typer.Option("--to", help="Last moment of acceptance, exclusive.")]
Source = Annotated[
    Literal["facebook", "tiktok"] | None, typer.Option(help="Only this source's events.")
]
FunctionsUrl = Annotated[
    str | None,
    typer.Option(envvar="FUNCTIONS_URL", help="Base URL of the collectors; likewise."),
]
Patience = Annotated[
    float, typer.Option(min=0, help="Seconds to go on trying while a collector is away.")
]

INCOMPLETE = 1
AWAY = 2


def replay(  # noqa: PLR0913 - each is an option of the command line
    *,
    start: From = None,
    end: To = None,
    source: Source = None,
    dry_run: DryRun = False,
    nats_url: NatsUrl = None,
    functions_url: FunctionsUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    patience: Patience = 60,
    json: Json = False,
) -> None:
    """Deliver again what EVENTS still holds of a time range.

    The range is one of acceptance, not of the events' own timestamps. Events that
    are stored change nothing; events that are missing, identity and all, are
    stored and counted. Damaged messages are left out and named.

    \b
    Examples:
        hookstream replay --from 2026-11-20T12:00:00Z --to 2026-11-20T13:00:00Z --dry-run
        hookstream replay --from 2026-11-20 --source tiktok

    Exit code: 0 all delivered, 1 messages left out, 2 a server is away or a wrong option.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.publisher.target import TargetError  # noqa: PLC0415 - import cost
    from infra.reconciling.servers import server_urls  # noqa: PLC0415 - likewise
    from infra.replaying.invocation import AwayError, Invocation  # noqa: PLC0415 - likewise
    from infra.replaying.replay import Range  # noqa: PLC0415 - likewise

    chosen = Range(_moment("--from", start), _moment("--to", end), source)
    try:
        urls = server_urls(state_dir, nats=nats_url, functions=functions_url)
        done = Invocation(
            chosen, urls["nats"], urls["functions"], patience, dry_run=dry_run
        ).carry_out()
    except (TargetError, AwayError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(AWAY) from error
    _show(done, json=json)
    if done.damaged or done.refused:
        raise typer.Exit(INCOMPLETE)


def _moment(option: str, text: str | None) -> datetime | None:
    from shared.reports.moments import read_moment  # noqa: PLC0415 - import cost

    try:
        return read_moment(text) if text is not None else None
    except ValueError as error:
        raise typer.BadParameter(f"{option} {error}") from error


def _show(done: "Replayed", *, json: bool) -> None:
    if json:
        import msgspec  # noqa: PLC0415 - import cost

        typer.echo(msgspec.json.encode(done))
        return
    word = "would be replayed" if done.dry_run else "replayed"
    typer.echo(f"{done.messages:,} messages, {done.events:,} events {word}")
    if done.rejected:
        typer.echo(f"{done.rejected:,} events were rejected again; they have their dead letters")
    for reason, names in (("damaged", done.damaged), ("refused", done.refused)):
        if names:
            typer.secho(f"{len(names):,} {reason}: {', '.join(names[:5])}", fg="red")
