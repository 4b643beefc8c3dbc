"""What a report is: its name, its parameters and how its answer is made."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from shared.reports.answers import Answer
from shared.reports.facts.facts import Facts
from shared.reports.negotiation import choose_format
from shared.reports.parameters import Parameter
from shared.reports.requests import read_selection
from shared.reports.revision import Standing
from shared.reports.selection import Selection
from shared.reports.tables import Table
from shared.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Store:
    """What a report reads: one snapshot of the database, how its data stands there, and facts."""

    connection: Connection
    facts: Facts
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report by its name; `build` reads one snapshot.

    Groups are by the dimensions `group_by` unless a request says otherwise, and come largest
    first by the figure `by`. A `costly` report never is answered from rollups alone.
    """

    name: str
    build: Callable[[Store, Selection], Awaitable[Answer]]
    parameters: tuple[Parameter, ...]
    table: Table
    group_by: tuple[str, ...] = ()
    by: Literal["events", "revenue"] = "events"
    costly: bool = False

    def read(self, query: str, accept: str | None) -> Selection:
        """Return what a request asks, its form included.

        Raises Problem invalid_parameter or not_acceptable.
        """
        selection = read_selection(query, self.parameters, self.by, group_by=self.group_by)
        if selection.format is not None:
            return selection
        return replace(selection, format=choose_format(accept))
