"""All connections of a server, and what they have in common."""

import asyncio
from typing import Protocol

from shared.http.exchange import Application
from shared.http.limits import Limits


class Member(Protocol):
    """What a server does with a connection."""

    def retire(self) -> None:
        """Close after the answers that are owed."""

    def evict(self) -> None:
        """Break off what is under way."""


class Connections:
    """The open connections and those whose request is still under way without a caller."""

    def __init__(self, application: Application, limits: Limits, *, cancels: bool) -> None:
        self.application = application
        self.limits = limits
        self.cancels = cancels
        """A request is cancelled when its caller goes away."""
        self.leaving = False
        """The server accepts no more; each answer may be the last of its connection."""
        self._members: set[Member] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    def enter(self, member: Member) -> None:
        """Count a connection in."""
        self._members.add(member)
        self._empty.clear()

    def leave(self, member: Member) -> None:
        """Count a connection out."""
        self._members.discard(member)
        if not self._members:
            self._empty.set()

    def retire(self) -> None:
        """Have each connection close after the answers that it owes."""
        self.leaving = True
        for member in list(self._members):
            member.retire()

    async def gone(self) -> None:
        """Return when there is no connection and no request."""
        await self._empty.wait()

    def evict(self) -> None:
        """Break off what is under way."""
        for member in list(self._members):
            member.evict()
