"""What the deadletter function is asked: query strings and bodies."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
from msgspec import Meta

from shared.dead_letters.merge_patch import read_patch
from shared.dead_letters.redrive import Order
from shared.dead_letters.selection import FILTERS, Selection, read_selection
from shared.errors import Problem

PAGE_LETTERS = 100
MOST_LETTERS = 1_000
"""Most letters of a page."""

MOST_CHANGED = 10_000
"""Most letters that a single request redrives or drops; `more` asks for the next."""

_MOST_FIELDS = 32
_PAGING = ("limit", "after", "order")
_ORDERS = ("newest", "oldest")


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which letters to list: `after` is the `next` of the page before."""

    selection: Selection
    limit: int
    after: int | None
    newest: bool


class _Body(msgspec.Struct, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    source: str | None = None
    code: str | None = None
    stage: str | None = None
    start: str | None = None
    end: str | None = None
    limit: Annotated[int, Meta(ge=1, le=MOST_CHANGED)] = 1_000
    dryRun: bool = False


class _RedriveBody(_Body, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    patch: msgspec.Raw = msgspec.Raw(b"")


def read_list(query: str) -> ListRequest:
    """Read the query string of a list. Raises Problem invalid_parameter."""
    given = _fields(query)
    paging = {name: given.pop(name) for name in _PAGING if name in given}
    order = paging.get("order", _ORDERS[0])
    if order not in _ORDERS:
        raise _refusal("order", f"is not one of {', '.join(_ORDERS)}", _ORDERS)
    after = _number("after", paging["after"], 2**63) if "after" in paging else None
    return ListRequest(
        selection=read_selection(given),
        limit=_number("limit", paging.get("limit", str(PAGE_LETTERS)), MOST_LETTERS),
        after=after,
        newest=order == _ORDERS[0],
    )


def read_order(body: bytes, *, patchable: bool) -> Order:
    """Read the body of a redrive or a drop.

    Raises Problem empty_body, invalid_json or invalid_parameter.
    """
    if not body.strip():
        raise Problem("empty_body", "Send a JSON object of filters; {} stands for every letter.")
    try:
        asked = msgspec.json.decode(body, type=_RedriveBody if patchable else _Body)
    except msgspec.ValidationError as error:
        raise Problem("invalid_parameter", f"{error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("invalid_json", f"{error}.") from None
    patch = bytes(asked.patch) if isinstance(asked, _RedriveBody) else b""
    texts = zip(FILTERS, (asked.source, asked.code, asked.stage, asked.start, asked.end))  # noqa: B905 - FILTERS is as long
    return Order(
        selection=read_selection({name: text for name, text in texts if text is not None}),
        limit=asked.limit,
        patch=read_patch(patch) if patch else None,
        dry_run=asked.dryRun,
    )


def _fields(query: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise Problem("invalid_parameter", "The query string cannot be read.") from None
    allowed = (*FILTERS, *_PAGING)
    given: dict[str, str] = {}
    for name, text in pairs:
        if name not in allowed:
            raise _refusal(name[:64], "is unknown", allowed)
        if name in given:
            raise _refusal(name, "is given more than once", allowed)
        given[name] = text
    return given


def _number(name: str, text: str, most: int) -> int:
    if not (text.isdecimal() and text.isascii() and len(text) <= len(str(most))):
        raise _refusal(name, f"is not a number from 1 to {most}", ("1", str(most)))
    if not 1 <= int(text) <= most:
        raise _refusal(name, f"is not a number from 1 to {most}", ("1", str(most)))
    return int(text)


def _refusal(name: str, reason: str, allowed: tuple[str, ...]) -> Problem:
    return Problem(
        "invalid_parameter", f"`{name}` {reason}.", parameter=name, allowed=list(allowed)
    )
