"""`hookstream deadletter`: list, show, redrive and drop dead letters."""

from typing import Annotated

import typer

from infra.commands.options import DEFAULT_STATE_DIR, DryRun, Json, NatsUrl, StateDirectory, Yes

app = typer.Typer(
    name="deadletter",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""Events that were refused: look at them, correct them, send them again.

    \b
    What a letter's stage says:
      ingest     webhook-ingest refused the event; its neighbours were accepted
      consume    it was accepted, and its collector or the database refused it

    \b
    A way to work:
      hookstream deadletter ls --code missing_field
      hookstream deadletter show 42
      hookstream deadletter redrive --code missing_field --dry-run
      hookstream deadletter redrive --patch '{"source": "tiktok"}'
      hookstream deadletter drop --to 2026-11-01

    Listing consumes nothing. Redriving the same event twice counts it once.
    """,
)

Source = Annotated[str | None, typer.Option(help="facebook, tiktok or unknown.")]
Code = Annotated[str | None, typer.Option(help="Reason, for example missing_field.")]
Stage = Annotated[str | None, typer.Option(help="ingest or consume.")]
From = Annotated[
    str | None,
    typer.Option("--from", help="Written at or after: a date, or ISO-8601 with offset."),
]
To = Annotated[str | None, typer.Option("--to", help="Written before.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most so many, the oldest first.")]


@app.command("ls")
def list_letters(  # noqa: PLR0913 - each is an option of the command line
    *,
    source: Source = None,
    code: Code = None,
    stage: Stage = None,
    start: From = None,
    end: To = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")] = 50,
    after: Annotated[
        int | None, typer.Option(min=0, help="Continue from `next` of the list before.")
    ] = None,
    oldest: Annotated[bool, typer.Option("--oldest", help="Oldest first.")] = False,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    nats_url: NatsUrl = None,
    as_json: Json = False,
) -> None:
    """List dead letters, newest first; nothing is consumed."""
    from infra.dead_letters import invocation  # noqa: PLC0415 - other commands start without

    chosen = invocation.selection(source, code, stage, start, end)
    target = invocation.Target(nats_url, state_dir, as_json)
    invocation.list_letters(target, chosen, limit, after, newest=not oldest)


@app.command("show")
def show_letter(
    sequence: Annotated[int, typer.Argument(min=1, help="The letter's number, as ls shows it.")],
    *,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    nats_url: NatsUrl = None,
    as_json: Json = False,
) -> None:
    """Show a dead letter: its headers and its event as it came."""
    from infra.dead_letters import invocation  # noqa: PLC0415 - other commands start without

    invocation.show_letter(invocation.Target(nats_url, state_dir, as_json), sequence)


@app.command("redrive")
def redrive(  # noqa: PLR0913 - each is an option of the command line
    *,
    source: Source = None,
    code: Code = None,
    stage: Stage = None,
    start: From = None,
    end: To = None,
    limit: Limit = None,
    patch: Annotated[
        str | None,
        typer.Option(metavar="JSON", help="Correct each event by a JSON merge patch (RFC 7396)."),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    nats_url: NatsUrl = None,
    as_json: Json = False,
) -> None:
    """Send the events of dead letters through the pipeline again.

    A letter is deleted once its event is durably in the stream. An event that is
    still not valid stays and is named. With --dry-run, the count of those that
    would be redriven is shown.

    \b
    Examples:
      all that the database refused while it was out of order:
        hookstream deadletter redrive --stage consume --from 2026-11-20T08:00:00Z
      a sender that forgot the gender:
        hookstream deadletter redrive --patch '{"data":{"user":{"gender":"male"}}}'

    Exit code: 0 all redriven, 1 some left or stopped, 2 a wrong option.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.dead_letters import invocation  # noqa: PLC0415 - other commands start without

    chosen = invocation.selection(source, code, stage, start, end)
    target = invocation.Target(nats_url, state_dir, as_json)
    raise typer.Exit(invocation.redrive(target, chosen, limit, patch, dry_run=dry_run, yes=yes))


@app.command("drop")
def drop(  # noqa: PLR0913 - each is an option of the command line
    *,
    source: Source = None,
    code: Code = None,
    stage: Stage = None,
    start: From = None,
    end: To = None,
    limit: Limit = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    nats_url: NatsUrl = None,
    as_json: Json = False,
) -> None:
    """Delete dead letters for good.

    \b
    Example:
      hookstream deadletter drop --code malformed_json --to 2026-11-01 --dry-run
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.dead_letters import invocation  # noqa: PLC0415 - other commands start without

    chosen = invocation.selection(source, code, stage, start, end)
    target = invocation.Target(nats_url, state_dir, as_json)
    raise typer.Exit(invocation.drop(target, chosen, limit, dry_run=dry_run, yes=yes))
