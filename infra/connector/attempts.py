"""Counts how often a function has said of a message that it failed.

Only in memory: a connector that is started again grants more attempts, never fewer.
"""

from collections import OrderedDict

from shared.batch import StoredMessage

ATTEMPTS_EXHAUSTED = "attempts_exhausted"


class Attempts:
    """Failures by message, of the `capacity` messages that failed last.

    `most` failures use up a message; 0 is never. Outages are not failures of a message.
    """

    def __init__(self, most: int, capacity: int) -> None:
        self._most = most
        self._capacity = capacity
        self._failures: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def failed(self, message: StoredMessage) -> int:
        """Count a failure and return how many the message has had."""
        key = _key(message)
        count = self._failures[key] = self._failures.pop(key, 0) + 1
        while len(self._failures) > self._capacity:
            self._failures.popitem(last=False)
        return count

    def used_up(self, failures: int) -> bool:
        """Say whether a message with so many failures gets no further attempt."""
        return 0 < self._most <= failures

    def forget(self, message: StoredMessage) -> None:
        """Drop the count of a message that is done with."""
        self._failures.pop(_key(message), None)


def _key(message: StoredMessage) -> tuple[object, ...]:
    """Return an identity that a stream made anew does not give a second time."""
    return message.stream, message.sequence, message.published_at
