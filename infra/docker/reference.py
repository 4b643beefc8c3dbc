"""Writes docs/settings.md: `python -m infra.docker.reference`, which `make schema` runs.

All of it comes from shared/settings.py; its headings are the comments between the fields there.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo

from shared.settings import GIB, KIB, MIB, SECRETS, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"

_HEAD = """\
# Settings

Generated from [shared/settings.py](../shared/settings.py) by `make schema`;
[.env.example](../.env.example) has the same as a file to copy.

A setting is an environment variable. Any `X` may be given as `X_FILE` instead, the path of a file
with its value; both at once are an error. Secrets are looked for in the folder `SECRETS_DIR` too,
in a file named like `database-url`, and are never shown or logged. A value that does not parse or
is out of its bounds ends the process at its start, with the variable's name. Sizes are bytes, times
are seconds. Options of `hookstream up` (ports, state directory) are in its `--help`.
"""
_COLUMNS = "| setting | default | values | meaning |\n|---|---|---|---|"
_FIRST = "Where and what"
_HEADING = re.compile(r"^    # (.+)$")
_FIELD = re.compile(r"^    (\w+): ")
_SIGNS = (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
_UNITS = ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB"))


def page() -> str:
    """Return the content of docs/settings.md."""
    fields = {field.name: field for field in msgspec.structs.fields(Settings)}
    parts = [_HEAD]
    for heading, names in groups().items():
        rows = "\n".join(_row(fields[name]) for name in names)
        parts.append(f"## {heading}\n\n{_COLUMNS}\n{rows}\n")
    return "\n".join(parts)


def groups() -> dict[str, list[str]]:
    """Return the names of all fields by the comment above them in the class."""
    found: dict[str, list[str]] = {}
    heading = _FIRST
    for line in inspect.getsource(Settings).splitlines():
        if match := _HEADING.match(line):
            heading = match[1]
        elif match := _FIELD.match(line):
            found.setdefault(heading, []).append(match[1])
    return found


def _row(field: FieldInfo) -> str:
    [meta] = field.type.__metadata__
    secret = " **Secret.**" if field.name in SECRETS else ""
    cells = (
        f"`{field.name.upper()}`",
        _default(field.default),
        ", ".join(_values(field.type.__origin__, meta)),
        f"{meta.description}{secret}".replace("|", r"\|"),
    )
    return f"| {' | '.join(cells)} |"


def _default(value: Any) -> str:  # noqa: ANN401 - of any setting
    if value is None or value == "":
        return "none"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`{_in_words(value)}"


def _in_words(value: Any) -> str:  # noqa: ANN401 - likewise
    if isinstance(value, bool) or not isinstance(value, int):
        return ""
    for size, unit in _UNITS:
        if value and value % size == 0:
            return f" ({value // size} {unit})"
    return ""


def _values(of: Any, meta: msgspec.Meta) -> Iterator[str]:  # noqa: ANN401 - a type's form
    kinds = [kind for kind in get_args(of) or (of,) if kind is not type(None)]
    if get_origin(of) is Literal:
        yield " or ".join(f"`{choice}`" for choice in kinds)
    else:
        yield {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}[
            kinds[0]
        ]
    for name, sign in _SIGNS:
        if (bound := getattr(meta, name)) is not None:
            yield f"{sign} {bound}{_in_words(bound)}"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
