"""Load as it comes: repeated events and invalid ones among the good."""

import json
import random
import threading
from collections import deque
from typing import Any

import httpx2
from builders import facebook, tiktok
from load import Ledger, Load
from stack import Stack

REPEATED = 0.2
"""Share of requests that also repeat all events of an earlier one."""
SPOILED = 0.1
"""Share of requests that also hold an invalid event."""


class Mixture(Load):
    """A load whose requests hold repetitions and invalid events too.

    `refused` are the ids of invalid events, `kept` those that an answer called dead letters.
    """

    def __init__(self, stack: Stack, ledger: Ledger, seed: int) -> None:
        super().__init__(stack, ledger, senders=3, size=20)
        self.refused: set[str] = set()
        self.kept: set[str] = set()
        self._random = random.Random(seed)
        self._earlier: deque[list[dict[str, Any]]] = deque(maxlen=200)
        self._mixing = threading.Lock()

    def _deliver(self, client: httpx2.Client, events: list[dict[str, Any]]) -> None:
        with self._mixing:
            repeated, spoiled = self._additions()
        sent = [*events, *repeated, *spoiled]
        answer = self._insist(client, json.dumps(sent).encode())
        assert answer["accepted"] == len(events) + len(repeated)
        assert answer["rejected"] == len(spoiled)
        self._ledger.add(events)
        with self._mixing:
            self._earlier.append(events)
            ids = {event["eventId"] for event in spoiled}
            self.refused |= ids
            if answer.get("quarantined", 0) == len(spoiled):
                self.kept |= ids

    def _additions(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        again = self._earlier and self._random.random() < REPEATED
        spoil = self._random.random() < SPOILED
        invalid = self._random.choice((facebook, tiktok))
        return (
            self._random.choice(self._earlier) if again else [],
            [invalid(eventType="no.such.type")] if spoil else [],
        )
