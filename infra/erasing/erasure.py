"""Erases a person. Killed anywhere, doing it again finishes.

First the tombstone: whatever is written from then on of what EVENTS holds is written without the
person, so that nothing that is taken away afterwards can come back.
"""

from dataclasses import dataclass

from infra.erasing.person import Person
from infra.erasing.progress import Tell
from infra.erasing.records import Records
from infra.erasing.result import Erased
from infra.erasing.streams import Found, Streams


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person, and where their events are. Methods raise Problem or nats.errors.Error."""

    person: Person
    records: Records
    streams: Streams

    async def count(self, tell: Tell) -> Erased:
        """Count what there is of the person, and change nothing."""
        rows = await self.records.count()
        found = await self.streams.find(None, tell)
        letters = await self.streams.letters(tell, delete=False)
        return Erased(
            sources=self.person.sources,
            rows=rows,
            messages=len(found),
            events=_events(found),
            dead_letters=letters,
            dry_run=True,
        )

    async def run(self, patience: float, tell: Tell) -> Erased:
        """Erase the person; wait `patience` seconds at most for messages to be processed."""
        moment = await self.streams.moment()
        await self.records.record(moment)
        rows = await self.records.anonymize(moment, tell)
        found = await self.streams.find(moment, tell)
        await self.streams.wait(found, patience, tell)
        processed = await self._processed(found)
        await self.streams.delete(processed, tell)
        # After the wait: what a collector rejected meanwhile has its dead letter by now.
        letters = await self.streams.letters(tell, delete=True)
        return Erased(
            sources=self.person.sources,
            erased_at=moment,
            rows=rows,
            messages=len(processed),
            events=_events(processed),
            dead_letters=letters,
            left=len(found) - len(processed),
        )

    async def _processed(self, found: list[Found]) -> list[Found]:
        """Return the messages that nobody needs any more, to count or to prove the counts."""
        settled = await self.streams.settled(found)
        known = await self.records.processed({m.sequence: m.published_at for m in settled})
        return [message for message in settled if message.sequence in known]


def _events(found: list[Found]) -> int:
    return sum(message.events for message in found)
