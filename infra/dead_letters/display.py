"""Shows dead letters in a terminal."""

from collections.abc import Sequence

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.dead_letters.letters import Letter
from shared.dead_letters.redrive import Outcome

_LIST = ("sequence", "written (UTC)", "source", "stage", "reason and event id")


def show_letters(console: Console, letters: Sequence[Letter], *, more: bool) -> None:
    """Show a list."""
    if not letters:
        console.print("no dead letters match")
        return
    table = Table(*_LIST, box=SIMPLE, pad_edge=False)
    table.columns[0].justify = "right"
    for column in table.columns[:-1]:
        column.no_wrap = True
    for letter in letters:
        line = letter.summary()
        written = f"{line.storedAt:%m-%d %H:%M:%S}"
        reason = "\n".join(part for part in (line.code, line.detail, line.eventId) if part)
        cells = (written, line.source, line.stage, reason)
        table.add_row(str(line.sequence), *map(escape, cells))
    console.print(table)
    if more:
        console.print("there may be more: narrow the filters, raise --limit or use --json's next")


def show_letter(console: Console, letter: Letter) -> None:
    """Show one letter with its headers and its event as it came."""
    table = Table("header", "value", title=f"dead letter {letter.sequence}")
    for name, value in letter.headers.items():
        table.add_row(escape(name), escape(value))
    console.print(table)
    try:
        text = msgspec.json.format(letter.raw, indent=2).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        text = letter.raw.decode("utf-8", "backslashreplace")
    console.print(text, markup=False, soft_wrap=True)


def show_count(console: Console, counted: Outcome) -> None:
    """Show how many letters match, by source and code."""
    if counted.reasons:
        table = Table("source", "code", "letters")
        table.columns[2].justify = "right"
        for (source, code), count in sorted(counted.reasons.items()):
            table.add_row(escape(source), escape(code), f"{count:,}")
        console.print(table)
    console.print(f"{counted.matched:,} dead letters match")


def show_outcome(console: Console, outcome: Outcome, verb: str) -> None:
    """Show what was done and what stays."""
    console.print(f"{outcome.done:,} {verb}")
    if outcome.left:
        table = Table(
            "sequence", "code", "path", "detail", title="still not valid, left as they are"
        )
        for left in outcome.named:
            cells = (left.code, left.path, left.detail)
            table.add_row(str(left.sequence), *map(escape, cells))
        console.print(table)
    if (unnamed := outcome.left - len(outcome.named)) > 0:
        console.print(f"and {unnamed:,} more")
