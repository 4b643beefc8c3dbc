"""`hookstream up`, `down` and `status`: the local stack."""

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from infra.commands.options import DEFAULT_STATE_DIR, Json, StateDirectory, setting

if TYPE_CHECKING:
    from infra.local.options import Options
    from infra.local.state import Status


NOT_RUNNING = 3
"""Exit code of `status` when no stack runs on the state directory."""

# The stack's own processes reach the gateway on 127.0.0.1.
Host = Literal["127.0.0.1", "0.0.0.0"]  # noqa: S104 - containers are reached from outside

_URLS = ("gateway", "metrics", "nats", "database", "prometheus")


def up(  # noqa: PLR0913 - one parameter per command line option
    *,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Run in the background, return when ready.")
    ] = False,
    host: Annotated[
        Host, typer.Option(help="The address that the gateway listens on; 0.0.0.0 is every one.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The gateway's port; 0 is a free one.")
    ] = 8080,
    nats_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The embedded NATS server's port.")
    ] = 0,
    database_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The embedded PostgreSQL's port.")
    ] = 0,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    idle: Annotated[
        float | None,
        typer.Option(min=0.1, help="Seconds without a request before scaling to zero."),
    ] = None,
    stack: Annotated[Path | None, typer.Option(help="Run the functions of this file.")] = None,
    nats_url: Annotated[
        str | None,
        typer.Option(
            envvar="NATS_URL", callback=setting("nats_url"), help="Use these NATS servers."
        ),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="DATABASE_URL", callback=setting("database_url"), help="Use this PostgreSQL."
        ),
    ] = None,
    connector: Annotated[
        bool, typer.Option(help="Deliver to the collectors; without, another connector does.")
    ] = True,
    monitoring: Annotated[
        bool, typer.Option("--monitoring", help="Run Prometheus beside it, where one is installed.")
    ] = False,
    prometheus_port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port of that Prometheus.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Start the stack: servers, gateway, connector and functions."""
    from infra.local.options import Options  # noqa: PLC0415 - the other commands start without
    from infra.local.stackfile import DEFAULT_STACK  # noqa: PLC0415 - likewise

    options = Options(
        state_dir=state_dir.resolve(),
        stack=(stack or DEFAULT_STACK).resolve(),
        host=host,
        port=port,
        nats_port=nats_port,
        database_port=database_port,
        idle=idle,
        nats_url=nats_url,
        database_url=database_url,
        connector=connector,
        monitoring=monitoring,
        prometheus_port=prometheus_port,
    )
    run = _in_background if detach else _in_foreground
    run(options, as_json=as_json)


def _in_background(options: "Options", *, as_json: bool) -> None:
    from infra.local import daemon  # noqa: PLC0415 - import cost
    from infra.local.stackfile import StackFileError, read_stack  # noqa: PLC0415 - likewise
    from infra.local.state import StateDir  # noqa: PLC0415 - likewise

    state = StateDir(options.state_dir)
    try:
        read_stack(options.stack)
        if daemon.is_running(state.read_status()):
            _progress(f"already running on {options.state_dir}")
            status = daemon.await_serving(state, _progress)
        else:
            status = daemon.start(options, _progress)
    except (daemon.StartError, StackFileError) as error:
        raise _failure(error) from None
    _show(status, as_json=as_json)


def _in_foreground(options: "Options", *, as_json: bool) -> None:
    from infra.local.supervisor import EXPECTED_FAILURES, Supervisor  # noqa: PLC0415 - import cost

    try:
        supervisor = Supervisor(options, _progress)
        asyncio.run(supervisor.run(lambda status: _show(status, as_json=as_json)))
    except EXPECTED_FAILURES as error:
        raise _failure(error) from None


def down(state_dir: StateDirectory = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Stop every process of the stack and wait for their end; the data stays."""
    from infra.local import daemon  # noqa: PLC0415 - import cost
    from infra.local.state import AlreadyRunningError, StateDir  # noqa: PLC0415 - likewise

    try:
        stopped = daemon.stop(StateDir(state_dir))
    except AlreadyRunningError as error:
        raise _failure(error) from None
    if as_json:
        typer.echo(json.dumps({"state": "stopped", "wasRunning": stopped}))
    else:
        typer.echo("stopped" if stopped else f"nothing was running on {state_dir}")


def status(state_dir: StateDirectory = DEFAULT_STATE_DIR, *, as_json: Json = False) -> None:
    """Show what runs: URLs, functions with their replicas, processes with their restarts."""
    from infra.local.state import StateDir  # noqa: PLC0415 - import cost

    current = StateDir(state_dir).read_status()
    if as_json:
        typer.echo(json.dumps(current))
    else:
        from infra.local.display import show_status  # noqa: PLC0415 - import cost

        show_status(current)
    if current["state"] == "stopped":
        raise typer.Exit(NOT_RUNNING)


def _show(current: "Status", *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(current))
        return
    for name in _URLS:
        if url := current.get(name):
            typer.echo(f"{name:<10} {url}")


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        typer.echo(text, err=True)


def _failure(error: Exception) -> typer.Exit:
    typer.echo(str(error), err=True)
    return typer.Exit(1)
