"""Where ingest publishes to: JetStream, or SQS on AWS, behind one port."""

from collections.abc import Iterable
from typing import Protocol

from shared.access.broker import BrokerKeys
from shared.access.keys import Key
from shared.settings import Settings
from shared.stream.connection import Broker
from shared.stream.dead_letters import DeadLetter, bury
from shared.stream.packing import Pack
from shared.stream.pressure import Pressure
from shared.stream.publishing import Publisher


class EventBroker(Protocol):
    """What stores packs and dead letters durably; `largest_letter` is in bytes."""

    largest_letter: int

    def start(self) -> None:
        """Begin to connect; returns at once."""

    async def close(self) -> None:
        """Disconnect."""

    def ready(self) -> None:
        """Return if it is there, as far as one knows. Raises Problem broker_unavailable."""

    async def admit(self) -> None:
        """Return if a new request may come. Raises Problem broker_unavailable or stream_full."""

    async def publish(self, pack: Pack) -> object:
        """Return when a pack is stored durably. Raises Problem; repeating it does no harm."""

    async def bury(self, letter: DeadLetter) -> object:
        """Return when a dead letter is stored durably. Raises Problem."""

    async def keys(self) -> Iterable[Key]:
        """Return the API keys that are valid. Raises Problem if they cannot be read here."""


class JetStreamBroker:
    """NATS JetStream."""

    def __init__(self, chosen: Settings, name: str) -> None:
        self.connection = Broker(chosen.nats_url, name)
        self.largest_letter = chosen.pack_max_bytes
        self._pressure = Pressure(self.connection, chosen)
        self._publisher = Publisher(
            self.connection, chosen.publish_timeout, chosen.publish_patience
        )
        self.publish = self._publisher.publish
        self.keys = BrokerKeys(self.connection)

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self.connection.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._pressure.close()
        await self.connection.close()

    def ready(self) -> None:
        """Return if it is connected. Raises Problem broker_unavailable."""
        _ = self.connection.client

    async def admit(self) -> None:
        """Return if a new request may come. Raises Problem broker_unavailable or stream_full."""
        await self.connection.available()
        self._pressure.admit()

    async def bury(self, letter: DeadLetter) -> None:
        """Return when a dead letter is on disk. Raises Problem."""
        await bury(self._publisher, letter)


def event_broker(chosen: Settings, name: str) -> EventBroker:
    """Return the broker that the settings name. Raises ValueError for a bad BROKER_URL."""
    if chosen.broker_url:
        from shared.stream.sqs import SqsBroker  # noqa: PLC0415 - needs the extra aws

        return SqsBroker(chosen)
    return JetStreamBroker(chosen, name)
