"""Keys and tokens for the provider API: read from the broker, as functions without a database do.

A module of its own, so that a gateway that asks nobody does without a client of the broker.
"""

from shared.access.broker import BrokerKeys
from shared.access.guard import Guard
from shared.settings import Settings
from shared.stream.connection import Broker


class KeyedAccess:
    """Admits whoever has the scope `ops`."""

    def __init__(self, chosen: Settings) -> None:
        self._broker = Broker(chosen.nats_url, "gateway")
        self.admission = Guard(BrokerKeys(self._broker), chosen, lambda _: "ops")

    def start(self) -> None:
        """Begin to connect to the broker."""
        self._broker.start()

    async def close(self) -> None:
        """Disconnect."""
        await self._broker.close()
