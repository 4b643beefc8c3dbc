"""What goes wrong in a soak: one mishap at a time, drawn by a seed."""

import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

from builders import facebook, tiktok
from load import Ledger, kill, running
from proxies import Fault
from rigs import Rig, frozen, stopped
from stack import until
from streams import publish

from infra.local.servers import RunningServer

PROCESSES = ("webhook-ingest", "connector", "fb-consume", "ttk-consume", "gateway")
COLLECTORS = ("fb-consume", "ttk-consume")
FAULTS = (Fault.CUT, Fault.STALL, Fault.SLOW, Fault.RESET, Fault.HALF)

GoOnFor = Callable[[float], None]
"""Returns after that many seconds, with the load going on."""

Mishap = tuple[str, Callable[[], None]]


class Mishaps:
    """Every mishap of a rig, by name; `poisoned` are the ids that no collector can store."""

    def __init__(
        self, rig: Rig, ledger: Ledger, go_on_for: GoOnFor, at_random: random.Random
    ) -> None:
        self.poisoned: set[str] = set()
        self._rig = rig
        self._ledger = ledger
        self._go_on_for = go_on_for
        self._random = at_random

    def deadly(self) -> list[Mishap]:
        """Return those that end processes of the stack."""
        return [(f"kill -9 {name}", partial(self._kill, name)) for name in PROCESSES]

    def others(self) -> list[Mishap]:
        """Return those that leave the stack's own processes alive."""
        found: list[Mishap] = [("poison", self._poison), ("scale to zero", self._scale_to_zero)]
        for server in (self._rig.servers.nats, self._rig.servers.postgres):
            name = server.server.program.name
            found.append((f"kill -9 {name}", partial(self._kill_server, server)))
            found += [
                (f"{away.__name__} {name}", partial(self._lasting, away, server))
                for away in (stopped, frozen)
            ]
        for name, link in self._rig.links.items():
            found += [
                (f"{fault.value} {name}", partial(self._lasting, link.broken, fault))
                for fault in FAULTS
            ]
        return found

    def _kill(self, name: str) -> None:
        kill(self._rig.stack, name)
        until(lambda: running(self._rig.stack, name) != [])

    def _kill_server(self, server: RunningServer) -> None:
        server.kill()
        server.start()

    def _lasting(self, away: Callable[..., AbstractContextManager[None]], what: object) -> None:
        with away(what):
            self._go_on_for(self._random.uniform(1, 5))

    def _poison(self) -> None:
        """Put a message into the stream that ingest would have refused one event of."""
        source, make = self._random.choice((("facebook", facebook), ("tiktok", tiktok)))
        good, bad = make(), make(funnelStage="no.such.stage")
        publish(self._rig.servers.nats.url, source, [[good, bad]])
        self._ledger.add([good])
        self.poisoned.add(bad["eventId"])

    def _scale_to_zero(self) -> None:
        """Let the collectors end for want of work, then wake them with all that came meanwhile."""
        with self._rig.links["collectors"].broken(Fault.CUT):
            until(lambda: not any(running(self._rig.stack, name) for name in COLLECTORS))
