"""`hookstream migrate`: bring a database's schema up to date."""

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from infra.commands.options import DEFAULT_STATE_DIR, DatabaseUrl, Json, StateDirectory

Roles = Annotated[
    bool,
    typer.Option(
        "--roles",
        help="Make the groups of least privilege, too, and the logins that DATABASE_LOGINS names.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what is pending.")]


def migrate(
    *,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    dry_run: DryRun = False,
    roles: Roles = False,
    as_json: Json = False,
) -> None:
    """Apply the pending migrations, each in a transaction; several may do so at once.

    Groups of least privilege, where the server has them, are given their rights anew.
    """
    url = _database(database_url, state_dir)
    names = _run(url, dry_run=dry_run)
    groups = [] if dry_run else _grant(url, making=roles)
    word = "pending" if dry_run else "applied"
    if as_json:
        typer.echo(json.dumps({word: names} | ({"roles": groups} if roles else {})))
        return
    for name in names:
        typer.echo(f"{word} {name}")
    if not names:
        typer.echo("the schema is up to date")
    for name in groups if roles else ():
        typer.echo(f"role {name}")


def _database(url: str | None, state_dir: Path) -> str:
    from infra.publisher.target import TargetError, stack_status  # noqa: PLC0415 - import cost

    try:
        return url or str(stack_status(state_dir)["database"])
    except TargetError as error:
        text = f"no stack runs on {state_dir}: start one, or name a database with --database-url"
        raise _failure(text) from error


def _run(url: str, *, dry_run: bool) -> list[str]:
    from shared.errors import Problem  # noqa: PLC0415 - import cost
    from shared.store import migrations  # noqa: PLC0415 - likewise

    # What went wrong is said below, to people; functions say it in their log.
    logging.getLogger("shared").addHandler(logging.NullHandler())
    try:
        return migrations.pending(url) if dry_run else migrations.migrate(url)
    except Problem as problem:
        raise _failure(f"{problem.detail}\n{problem.__cause__}") from problem
    except migrations.MigrationError as error:
        raise _failure(str(error)) from error


def _grant(url: str, *, making: bool) -> list[str]:
    from shared.errors import Problem  # noqa: PLC0415 - import cost
    from shared.settings import given_text  # noqa: PLC0415 - likewise
    from shared.store import roles  # noqa: PLC0415 - likewise
    from shared.store.kinds import read_logins  # noqa: PLC0415 - likewise

    try:
        logins = read_logins(given_text("database_logins") or "")
        return roles.establish(url, logins) if making else roles.grant(url)
    except Problem as problem:
        raise _failure(f"{problem.detail}\n{problem.__cause__}") from problem
    except (roles.RolesError, ValueError) as error:
        raise _failure(str(error)) from error


def _failure(text: str) -> typer.Exit:
    typer.secho(text, fg="red", err=True)
    return typer.Exit(1)
