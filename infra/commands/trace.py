"""`hookstream trace`: follow the events of one request."""

from pathlib import Path
from typing import Annotated

import typer

from infra.commands.options import DEFAULT_STATE_DIR, DatabaseUrl, Json, NatsUrl, StateDirectory

Id = Annotated[str, typer.Argument(metavar="ID", help="A correlation id, or a trace's id.")]
Logs = Annotated[
    Path | None, typer.Option(help="Folder of JSON logs; default: that of --state-dir.")
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds that the query may take.")]

NOTHING = 1
AWAY = 2


def trace(  # noqa: PLR0913 - each is an option of the command line
    name: Id,
    *,
    nats_url: NatsUrl = None,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    logs: Logs = None,
    timeout: Timeout = 60,
    json: Json = False,
) -> None:
    """Show what became of the events of one request, with times.

    The answer of webhook-ingest names the correlation id, its log has it too.

    \b
    Steps:
      accepted       the request's body was complete (of several requests in one
                     message: the first)
      answered       webhook-ingest answered                           (from its log)
      published      the stream has the message on disk
      delivered      a collector has answered for it        (from the connector's log)
      not delivered  it will be delivered again, and why    (from the connector's log)
      stored         it is in the database; what became of the message's events
      dead letter    an event was given up, by ingest or by a collector

    Where logs are elsewhere, the steps from logs are missing and a note says so. A
    message that is published and not stored is pending. Times are those of the machine
    that noted them.

    Exit code: 0 found, 1 nothing is on record, 2 a server is away.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    import msgspec  # noqa: PLC0415 - import cost
    from rich.console import Console  # noqa: PLC0415 - likewise

    from infra.local.state import StateDir  # noqa: PLC0415 - likewise
    from infra.publisher.target import TargetError  # noqa: PLC0415 - likewise
    from infra.reconciling.servers import server_urls  # noqa: PLC0415 - likewise
    from infra.tracing.invocation import Places, follow, show  # noqa: PLC0415 - likewise

    try:
        urls = server_urls(state_dir, nats=nats_url, database=database_url)
    except TargetError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(AWAY) from error
    folder = logs or StateDir(state_dir).logs
    trail = follow(Places(urls["nats"], urls["database"], folder, timeout), name)
    if json:
        typer.echo(msgspec.json.encode(trail))
    else:
        show(Console(highlight=False), trail)
    if trail.away:
        raise typer.Exit(AWAY)
    if not trail.steps:
        raise typer.Exit(NOTHING)
