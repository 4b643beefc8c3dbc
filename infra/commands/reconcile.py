"""`hookstream reconcile`: prove that every accepted event is accounted for."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.commands.options import DEFAULT_STATE_DIR, DatabaseUrl, Json, NatsUrl, StateDirectory

if TYPE_CHECKING:
    from infra.reconciling.result import Reconciliation

Deep = Annotated[
    bool, typer.Option("--deep", help="Verify the checksum of every message that EVENTS holds too.")
]
Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds that a query may take.")]

MetricsFile = Annotated[
    Path | None,
    typer.Option(
        help="Write the differences as metrics, for node_exporter's textfile collector; "
        "default: where the gateway of --state-dir finds them."
    ),
]

DIFFERENT = 1
AWAY = 2


def reconcile(  # noqa: PLR0913 - each is an option of the command line
    *,
    nats_url: NatsUrl = None,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    deep: Deep = False,
    timeout: Timeout = 600,
    metrics_file: MetricsFile = None,
    json: Json = False,
) -> None:
    """Prove accepted = stored + duplicate + dead-lettered + pending, per source.

    The proof reads what is on record: the ledger of messages, the rows, the
    rollups, the segments, the streams and their consumers. It may run while events flow.

    \b
    Checks:
      ledger        each message: events = stored + duplicates + rejected
      rows          rows, there or expired = what the ledger says was stored
      rollups       counts of rows = counts of rollups, in each quarter of an hour
      revenue       likewise for revenue, exactly
      segments      events in segments = counts of rollups, in each quarter of an hour
                    of which no rows have expired; what an older version stored and
                    is not in segments yet is a note
      identities    one claimed identity for each row
      counts        each message held: the ledger has as many events as it says
      acknowledged  each acknowledged message is in the ledger or dead-lettered whole
      vanished      each sequence that EVENTS gave out is held or in the ledger
      letters       rejected events have dead letters. Letters that were redriven or
                    dropped are counted, not known: a missing letter shows as a
                    difference only beyond their number, and as a note up to it
      checksum      no damaged message has a dead letter (drop it when dealt with)

    Exit code: 0 all holds, 1 not so, 2 a server is away.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    found = _reconcile(nats_url, database_url, state_dir, timeout, deep=deep)
    _write_metrics(found, metrics_file, None if nats_url or database_url else state_dir)
    if json:
        import msgspec  # noqa: PLC0415 - import cost

        typer.echo(msgspec.json.encode(found))
    else:
        from rich.console import Console  # noqa: PLC0415 - import cost

        from infra.reconciling.display import show  # noqa: PLC0415 - likewise

        show(Console(highlight=False), found)
    if not found.holds:
        raise typer.Exit(DIFFERENT)


def _reconcile(
    nats_url: str | None, database_url: str | None, state_dir: Path, timeout: float, *, deep: bool
) -> "Reconciliation":
    from infra.publisher.target import TargetError  # noqa: PLC0415 - import cost
    from infra.reconciling.reconciliation import (  # noqa: PLC0415 - likewise
        AwayError,
        Servers,
        reconcile_servers,
    )
    from infra.reconciling.servers import server_urls  # noqa: PLC0415 - likewise

    try:
        urls = server_urls(state_dir, nats=nats_url, database=database_url)
        return reconcile_servers(Servers(urls["nats"], urls["database"], timeout), deep=deep)
    except (TargetError, AwayError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(AWAY) from error


def _write_metrics(found: "Reconciliation", path: Path | None, state_dir: Path | None) -> None:
    """Write to the given file, else to that of the stack that was looked at."""
    from infra.local.state import StateDir  # noqa: PLC0415 - import cost
    from infra.reconciling.exposition import FILE, write_metrics  # noqa: PLC0415 - likewise

    if path is None and state_dir is not None:
        path = StateDir(state_dir).metrics / FILE
    if path is not None:
        write_metrics(found, path)
