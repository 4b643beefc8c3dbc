"""`hookstream keys`: create, list and revoke API keys."""

import logging
import math
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from infra.commands.options import DEFAULT_STATE_DIR, DatabaseUrl, Json, StateDirectory

T = TypeVar("T")

app = typer.Typer(
    name="keys",
    no_args_is_help=True,
    rich_markup_mode=None,
    help="""API keys: who may call the functions, where AUTH asks for keys.

    \b
    Scopes:
      ingest     send events
      report     read the reports
      ops        pipeline, dead letters, provider API
      admin      all of it

    \b
    Examples:
      hookstream keys create shop --scope ingest --rate 50
      hookstream keys create analysts --scope report --expires 90d
      hookstream keys ls
      hookstream keys revoke 3f9a0c1b2d4e

    A key is shown once; only a digest is kept. A change takes effect within
    seconds.
    """,
)

Name = Annotated[str, typer.Argument(help="Whom the key is for, as `ls` shows it.")]


class ScopeName(StrEnum):
    """The scopes, as typer lists them."""

    INGEST = "ingest"
    REPORT = "report"
    OPS = "ops"
    ADMIN = "admin"


Scopes = Annotated[
    list[ScopeName],
    typer.Option("--scope", help="What it is for; repeatable."),
]
Rate = Annotated[
    float | None,
    typer.Option(min=0, help="Requests a second; 0 is without limit. Default: KEY_RATE."),
]
Expires = Annotated[
    str | None, typer.Option(metavar="TIME", help="Until when from now, e.g. 90d; else for ever.")
]
Ids = Annotated[list[str], typer.Argument(help="The keys' ids, as `ls` shows them.")]


@app.command("create")
def create_key(  # noqa: PLR0913 - each is an option of the command line
    name: Name,
    *,
    scope: Scopes,
    rate: Rate = None,
    expires: Expires = None,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    as_json: Json = False,
) -> None:
    """Create a key and print it: this is the only time."""
    import msgspec  # noqa: PLC0415 - import cost

    from infra.keys import table  # noqa: PLC0415 - likewise
    from shared.access.keys import make_key  # noqa: PLC0415 - likewise
    from shared.settings import settings  # noqa: PLC0415 - likewise

    until = None if expires is None else time.time() + _duration(expires)
    usual = settings().key_rate if rate is None else rate
    text, key = make_key(dict.fromkeys(each.value for each in scope), usual, until)
    _run(lambda url: table.create(url, name, key), database_url, state_dir)
    if as_json:
        made = {"id": key.id, "name": name, "scopes": key.scopes, "rate": key.rate, "key": text}
        typer.echo(msgspec.json.encode(made))
        return
    typer.echo(text)
    if sys.stderr.isatty():
        typer.echo(f"key {key.id}: keep it, it is not shown again", err=True)


@app.command("ls")
def list_keys(
    *,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    as_json: Json = False,
) -> None:
    """List the keys, without what they are: that is not kept."""
    import msgspec  # noqa: PLC0415 - import cost
    from rich.console import Console  # noqa: PLC0415 - likewise
    from rich.table import Table  # noqa: PLC0415 - likewise

    from infra.keys import table  # noqa: PLC0415 - likewise

    found = _run(table.listed, database_url, state_dir)
    now = datetime.now(UTC)
    if as_json:
        members = [msgspec.to_builtins(key) | {"state": key.state(now)} for key in found]
        typer.echo(msgspec.json.encode({"keys": members}))
        return
    shown = Table("Id", "Name", "Scopes", "A second", "State", "Created", "Expires")
    for key in found:
        until = "never" if key.expires_at is None else f"{key.expires_at:%Y-%m-%d %H:%M}"
        rate = f"{key.rate:g}" if key.rate else "any"
        scopes, made = " ".join(key.scopes), f"{key.created_at:%Y-%m-%d %H:%M}"
        shown.add_row(key.id, key.name, scopes, rate, key.state(now), made, until)
    Console(highlight=False, markup=False).print(shown)


@app.command("revoke")
def revoke_keys(
    ids: Ids,
    *,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    as_json: Json = False,
) -> None:
    """Revoke keys for good; doing it twice changes nothing.

    Exit code: 0 all are revoked, 1 some are not there.
    """
    import msgspec  # noqa: PLC0415 - import cost

    from infra.keys import table  # noqa: PLC0415 - likewise

    revoked = _run(lambda url: table.revoke(url, ids), database_url, state_dir)
    missing = [identity for identity in ids if identity not in revoked]
    if as_json:
        typer.echo(msgspec.json.encode({"revoked": revoked, "missing": missing}))
    else:
        for identity in revoked:
            typer.echo(f"revoked {identity}")
    if missing:
        raise _failure(f"no such key: {', '.join(missing)}")


def _run(work: Callable[[str], T], url: str | None, state_dir: Path) -> T:
    from infra.publisher.target import TargetError, stack_status  # noqa: PLC0415 - import cost
    from shared.errors import Problem  # noqa: PLC0415 - likewise

    # What went wrong is said below, to people; functions say it in their log.
    logging.getLogger("shared").addHandler(logging.NullHandler())
    try:
        return work(url or str(stack_status(state_dir)["database"]))
    except TargetError as error:
        text = f"no stack runs on {state_dir}: start one, or name a database with --database-url"
        raise _failure(text) from error
    except Problem as problem:
        raise _failure(f"{problem.detail}\n{problem.__cause__}") from problem


def _duration(text: str) -> float:
    from infra.publisher.values import duration  # noqa: PLC0415 - import cost

    try:
        seconds = duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from error
    if not 0 < seconds < math.inf:
        raise typer.BadParameter("has to be later than now", param_hint="--expires")
    return seconds


def _failure(text: str) -> typer.Exit:
    typer.secho(text, fg="red", err=True)
    return typer.Exit(1)
