"""`hookstream bench`: drive the running stack and measure it."""

from pathlib import Path
from typing import Annotated

import typer


def bench(  # noqa: PLR0913 - each is an option of the command line
    *,
    scenarios: Annotated[
        list[str] | None,
        typer.Argument(metavar="SCENARIO", help="bulk, single, publisher. Default: bulk."),
    ] = None,
    events: Annotated[
        int | None,
        typer.Option(
            "--events", "-n", min=1, help="Events a run. Default: bulk 400,000; single 20,000."
        ),
    ] = None,
    body_size: Annotated[
        int, typer.Option("--body-size", "-b", min=1, max=50_000, help="bulk: events per POST.")
    ] = 10_000,
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            "-c",
            min=1,
            max=1024,
            help="Most POSTs in flight. Default: bulk 3, single 32, publisher 64.",
        ),
    ] = None,
    seconds: Annotated[
        int, typer.Option(min=1, help="publisher: for how long, one POST a second.")
    ] = 20,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each scenario.")] = 1,
    direct: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Post to this URL instead of going through the gateway."),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="The gateway. Default: that of --state-dir.")
    ] = None,
    state_dir: Annotated[
        Path, typer.Option(help="State directory of the local stack, for its processes too.")
    ] = Path(".hookstream"),
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Measure the running stack: rates, freshness, CPU and memory per process.

    Bodies are made beforehand, as the public publisher makes them, with ids of
    their own. Each run ends with the proof that N sent = N reported, to the cent.

    \b
    accepted     events over the time from the first POST to the last answer
    end to end   events over the time until all are in /reports/events
    freshness    from an event's acceptance to its being in the report
    answer       from a POST to its answer

    \b
    Scenarios:
      bulk         bodies of one size, as fast as possible
      single       one event per POST, over kept connections
      publisher    arrays of 1,000 to 50,000 events, one every second, overlapping

    \b
    Examples:
      hookstream bench
      hookstream bench bulk single --runs 3
      hookstream bench publisher --seconds 60 --json
      hookstream bench bulk --body-size 50000 --concurrency 1 -n 50000

    Exit code: 0 all runs proved, 1 not so.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    from infra.bench.invocation import Invocation  # noqa: PLC0415 - other commands start without
    from infra.bench.scenarios import Sizes  # noqa: PLC0415 - likewise

    invocation = Invocation(
        scenarios=scenarios or ["bulk"],
        runs=runs,
        sizes=Sizes(events=events, body_size=body_size, concurrency=concurrency, seconds=seconds),
        url=url,
        direct=direct,
        state_dir=state_dir,
        json=json,
    )
    raise typer.Exit(invocation.carry_out())
