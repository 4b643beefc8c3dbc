"""`hookstream plan`: how many events a second a layout takes, and what limits it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.commands.options import Json

if TYPE_CHECKING:
    from infra.planning.invocation import Invocation

_UNUSABLE = 2


def plan(  # noqa: PLR0913 - each is an option of the command line
    *,
    layouts: Annotated[
        list[str] | None, typer.Argument(metavar="LAYOUT", help="Default: all of them.")
    ] = None,
    work: Annotated[
        str, typer.Option(metavar="KIND", help="sustained, burst, bulk or drain.")
    ] = "sustained",
    events: Annotated[
        int, typer.Option("--events", "-n", min=1, help="How many events bulk and drain have.")
    ] = 600_000,
    costs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Take costs from what `hookstream bench bulk --json` printed."
        ),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Change a layout or a cost; repeatable."),
    ] = None,
    json: Json = False,
) -> None:
    """Predict the rate of a layout of machines, and say what limits it.

    A simulation takes batches through the path: ingest, streams, connectors,
    collectors, PostgreSQL. Programs with one thread share the cores of their
    machine, wait in line, hold locks. Nothing is measured and no stack is needed;
    what an event costs is from docs/costs.md, or from a run of yours (--costs).
    docs/scaling.md tells what the model leaves out and how far off it is.

    \b
    Kinds of work:
      sustained   events come as fast as they are stored, without end
      burst       they are accepted only
      bulk        --events come as fast as they are accepted, until all are stored
      drain       a backlog of --events, until all are stored

    \b
    What --set changes in a layout:
      shared_cores      everything on one machine of so many cores, or else
      machines, machine_cores          of gateways, ingest, connectors, collectors
      broker_cores, streams, copies    each stream's leader has a machine
      database_cores, databases        so has each database
      log_bandwidth                    bytes/s of the device of a database's log
      gateways, ingests, connectors    replicas; a connector serves all lanes
      partitions                       of each source; each is a lane
      collectors                       replicas of each lane
      concurrency, batch               INVOKE_CONCURRENCY, INVOKE_MAX_EVENTS
      body, posts                      events a POST, POSTs in flight
    and in costs, CPU microseconds an event: gateway, ingest, broker, connector,
    collector, database, beside (load generator, reports); collector_batch and
    database_batch, microseconds of a batch however small; sync and quorum in
    seconds; log_bytes an event; follower, a copy's cost relative to the leader's.

    \b
    Examples:
      hookstream plan
      hookstream plan laptop --work drain --set concurrency=1
      hookstream plan apart-32 --set database_cores=24 --set streams=2
      hookstream bench bulk --json > run.json
      hookstream plan one-8 --costs run.json --set database=14

    Exit code: 0, or 2 if something of what was asked for cannot be.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.planning.invocation import (  # noqa: PLC0415 - other commands start without
        Invocation,
        PlanError,
    )
    from infra.planning.prediction import Work  # noqa: PLC0415 - likewise

    if work not in set(Work):
        allowed = ", ".join(Work)
        raise typer.BadParameter(f"{work!r} is none of {allowed}", param_hint="--work")
    invocation = Invocation(
        layouts=layouts or [], work=Work(work), events=events, costs=costs, changes=changes or []
    )
    try:
        _show(invocation, json=json)
    except PlanError as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(_UNUSABLE) from error


def _show(invocation: "Invocation", *, json: bool) -> None:
    if json:
        import msgspec  # noqa: PLC0415 - import cost

        plans = [plan.document() for plan in invocation.plans()]
        typer.echo(msgspec.json.encode({"work": str(invocation.work), "plans": plans}))
        return
    from infra.planning.display import show  # noqa: PLC0415 - import cost
    from infra.publisher.display import printer  # noqa: PLC0415 - likewise

    show(printer(), invocation.plans())
