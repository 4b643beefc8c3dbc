"""How far a run is."""

import time
from dataclasses import dataclass, field
from typing import Final

from infra.publisher.bodies import Body
from infra.publisher.sender import Delivery, Verdict

_EXAMPLES: Final = 3


@dataclass(slots=True)
class Progress:
    """Counts of requests and events. Events are counted as often as they were sent."""

    requests: int = 0
    events: int = 0
    bytes: int = 0
    ended: int = 0
    accepted: int = 0
    refused: int = 0
    retries: int = 0
    in_flight: int = 0
    failed_requests: int = 0
    problems: list[str] = field(default_factory=list)
    _started: float = 0.0
    _finished: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds from the first request to the last answer, or until now."""
        if not self._started:
            return 0.0
        return (self._finished or time.monotonic()) - self._started

    @property
    def finished(self) -> bool:
        """Whether nothing more is sent."""
        return self._finished is not None

    def start(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def finish(self) -> None:
        """Stop the clock."""
        self._finished = time.monotonic()

    def sending(self, body: Body) -> None:
        """Count a request that goes out."""
        self.requests += 1
        self.in_flight += 1
        self.events += len(body.batch)
        self.bytes += len(body.content)

    def delivered(self, delivery: Delivery) -> None:
        """Count a request's end. The first few failures are described in `problems`."""
        size = len(delivery.body.batch)
        self.in_flight -= 1
        self.ended += size
        self.retries += delivery.attempts - 1
        if delivery.verdict is Verdict.ANSWERED:
            self.refused += len(delivery.refused)
            self.accepted += size - len(delivery.refused)
            return
        self.failed_requests += 1
        if len(self.problems) < _EXAMPLES:
            self.problems.append(f"{delivery.problem} (attempts: {delivery.attempts})")
