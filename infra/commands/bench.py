"""`hookstream bench`: drive the running stack and measure it."""

from pathlib import Path
from typing import Annotated

import typer

from infra.commands.options import DatabaseUrl, NatsUrl


def bench(  # noqa: PLR0913 - each is an option of the command line
    *,
    scenarios: Annotated[
        list[str] | None, typer.Argument(metavar="SCENARIO", help="Default: bulk.")
    ] = None,
    events: Annotated[
        int | None,
        typer.Option(
            "--events",
            "-n",
            min=1,
            help="Events a run. Default: bulk 400,000; single 20,000; drain 1,000,000; growth"
            " 10,000,000; ceilings and stages 100,000.",
        ),
    ] = None,
    body_size: Annotated[
        int,
        typer.Option(
            "--body-size", "-b", min=1, max=50_000, help="Events per POST of bulk, burst, drain."
        ),
    ] = 1_000,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            "-c",
            min=1,
            max=1024,
            help="Most POSTs in flight. Default: 8; single 32; at a pace 64.",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="EVENTS/S",
            help="publisher, bulk, single: send at this pace, whether or not answers come; 0 is as"
            " fast as possible.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=0.1, help="For how long. Default: publisher 20; burst 30; at a --rate 60."
        ),
    ] = None,
    points: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="growth: append a line for each step. Default: growth.jsonl in --state-dir.",
        ),
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="coldstart: how often.")] = 30,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each scenario.")] = 1,
    direct: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Post to this URL instead of going through the gateway."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The gateway. Default: that of --state-dir.")
    ] = None,
    nats_url: NatsUrl = None,
    database_url: DatabaseUrl = None,
    state_dir: Annotated[
        Path, typer.Option(help="State directory of the local stack, for its processes too.")
    ] = Path(".hookstream"),
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure the running stack: rates, freshness, CPU, memory and disk.

    Events are as the public publisher's, cardinality included. They are made
    beforehand and get fresh ids and the present time while they are sent, which
    takes 0.2 µs an event. Each run of a load ends with the proof that N sent = N
    reported, to the cent.

    \b
    accepted     events over the time from the first POST to the last answer
    end to end   events over the time until all are in /reports/events
    drained      events over the time from the connector's release until then
    freshness    from an event's acceptance to its being in the report
    answer       from a POST to its answer; at a pace from when the POST was due
    on disk      growth of PostgreSQL's tables and indexes per stored event

    \b
    Scenarios:
      publisher    arrays of 1,000 to 50,000, one every second or at --rate
      bulk         arrays of --body-size, as fast as possible or at --rate
      single       one event per POST over kept connections, likewise
      burst        accept only, the connector held for --seconds; then it drains
      drain        a backlog of --events, from its release until all is reported
      coldstart    0 to 1 replica, --times times, on a stack of its own
      reports      report times over --events (10,000,000) that are stored first,
                   spread over --seconds (a day); they stay in the stack
      growth       bulk in steps up to --events (10,000,000): the rate and cost of
                   each, and report times at 1, 2, 5, 10… million stored; they stay
                   in the stack, and a further run goes on from there
      ceilings     the machine's own limits with the same bytes: COPY without
                   indexes, bare synced publish, an HTTP handler that does nothing
      stages       CPU per event by process and by stage

    burst, drain, ceilings and stages need the servers: a local stack, or
    --nats-url and --database-url; reports and growth need a local stack. A held connector
    is released in the end, when the run is interrupted, and ten seconds after
    the run is killed.

    \b
    Examples:
      hookstream bench
      hookstream bench bulk single --runs 3
      hookstream bench publisher --rate 60000 --json
      hookstream bench single --rate 2000 --seconds 30
      hookstream bench growth -n 10000000 --body-size 10000 --points growth.jsonl
      hookstream bench bulk --body-size 50000 --concurrency 1 -n 50000

    Exit code: 0 all runs proved, 1 not so, 130 interrupted.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.bench.invocation import Invocation  # noqa: PLC0415 - other commands start without
    from infra.bench.sizes import Sizes  # noqa: PLC0415 - likewise

    invocation = Invocation(
        scenarios=scenarios or ["bulk"],
        runs=runs,
        sizes=Sizes(
            events=events,
            body_size=body_size,
            concurrency=concurrency,
            rate=rate,
            seconds=seconds,
            times=times,
            points=points,
        ),
        url=url,
        direct=direct,
        nats_url=nats_url,
        database_url=database_url,
        state_dir=state_dir,
        json=json,
    )
    raise typer.Exit(invocation.carry_out())
