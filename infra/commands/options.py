"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_STATE_DIR = Path(".hookstream")

StateDirectory = Annotated[Path, typer.Option("--state-dir", help="The stack's directory.")]
NatsUrl = Annotated[
    str | None,
    typer.Option(envvar="NATS_URL", help="NATS servers; default: those of --state-dir."),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL", help="PostgreSQL, as a libpq URI; default: that of --state-dir."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]
