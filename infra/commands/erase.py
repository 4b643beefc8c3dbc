"""`hookstream erase`: take a person out of everything that is stored, and keep the counts."""

from typing import Annotated, Literal

import typer

from infra.commands.options import (
    DEFAULT_STATE_DIR,
    DatabaseUrl,
    DryRun,
    Json,
    NatsUrl,
    StateDirectory,
    Yes,
)

User = Annotated[str, typer.Option("--user", metavar="ID", help="The userId of the events.")]
Source = Annotated[
    Literal["facebook", "tiktok"] | None, typer.Option(help="Only this source's user; else both.")
]
Timeout = Annotated[
    float, typer.Option(min=0, help="Seconds to wait for messages that are not processed yet.")
]

LEFT = 1
AWAY = 2


def erase(  # noqa: PLR0913 - each is an option of the command line
    *,
    user: User,
    source: Source = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    timeout: Timeout = 60,
    nats_url: NatsUrl = None,
    database_url: DatabaseUrl = None,
    state_dir: StateDirectory = DEFAULT_STATE_DIR,
    json: Json = False,
) -> None:
    """Erase a person: their events become anonymous, counts and revenue stay.

    It is about all that was accepted before; what is accepted later is new.

    \b
    What happens:
      rows          ids, place, age, gender, followers, device and the raw event
                    go; time, type, campaign, item, revenue and watch figures
                    stay. Demographics and filters by country leave them out
      backlog       is stored without the person, now and in any replay; what
                    tells it is a hash of source and userId, which is kept
      dead letters  theirs are deleted. One that does not tell its user is
                    theirs if the id is anywhere in it
      EVENTS        messages that hold an event of theirs are deleted and
                    overwritten once they are processed. Up to 500 events share
                    a message: the others, stored as they are, cannot be
                    replayed any more

    What it cannot reach: backups (erase again after restoring one), the space
    that PostgreSQL has freed and not used again, damaged messages, which nobody
    can read (drop their letters), and events of other people that mention the
    id. Redrive no dead letters meanwhile.

    It may run while events flow. Interrupted, or with messages left, run it
    again; that is always safe.

    \b
    Examples:
      hookstream erase --user user-1 --dry-run
      hookstream erase --user 7012345678 --source tiktok --yes

    Exit code: 0 erased, 1 messages left after --timeout, 2 a server is away or
    a wrong option.
    """  # noqa: D301 - click reads the backspace as "keep these lines"
    if not user or "\0" in user or not _is_text(user):
        raise typer.BadParameter("--user is empty, holds the character NUL or is not UTF-8")
    from infra.erasing.invocation import (  # noqa: PLC0415 - import cost
        AwayError,
        Invocation,
        confirm,
        show,
    )
    from infra.erasing.person import Person  # noqa: PLC0415 - likewise
    from infra.publisher.target import TargetError  # noqa: PLC0415 - likewise
    from infra.reconciling.servers import server_urls  # noqa: PLC0415 - likewise
    from shared.events.model import SOURCES  # noqa: PLC0415 - likewise

    person = Person(user, SOURCES if source is None else (source,))
    try:
        urls = server_urls(state_dir, nats=nats_url, database=database_url)
        invocation = Invocation(person, urls["nats"], urls["database"], timeout)
        if not (dry_run or yes or json):
            confirm(invocation)
        done = invocation.count() if dry_run else invocation.erase()
    except (TargetError, AwayError) as error:
        typer.secho(str(error), fg="red", err=True)
        raise typer.Exit(AWAY) from error
    if json:
        import msgspec  # noqa: PLC0415 - import cost

        typer.echo(msgspec.json.encode(done))
    else:
        show(done)
    if done.left:
        raise typer.Exit(LEFT)


def _is_text(argument: str) -> bool:
    """Say whether an argument was UTF-8; other bytes come as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in argument)
