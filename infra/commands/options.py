"""The options that several commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_STATE_DIR = Path(".hookstream")


def setting(name: str) -> Callable[[str | None], str | None]:
    """Return a callback for an option that is a setting, too, and may be given as a file."""

    def given(value: str | None) -> str | None:
        from shared.settings import given_text  # noqa: PLC0415 - import cost

        try:
            text = value or given_text(name)
            if text and name == "nats_url":
                _check_nats(text)
        except (ValueError, OSError) as error:
            raise typer.BadParameter(str(error)) from error
        return text

    return given


def _check_nats(url: str) -> None:
    """Raise ValueError or OSError if the URL, or a file that it names, cannot be used."""
    from shared.stream.address import read_address  # noqa: PLC0415 - import cost

    read_address(url).options()


StateDirectory = Annotated[Path, typer.Option("--state-dir", help="The stack's directory.")]
NatsUrl = Annotated[
    str | None,
    typer.Option(
        envvar="NATS_URL",
        callback=setting("nats_url"),
        help="NATS servers; default: those of --state-dir.",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL",
        callback=setting("database_url"),
        help="PostgreSQL, as a libpq URI; default: that of --state-dir.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count; change nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask on a terminal.")]
