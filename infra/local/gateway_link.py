"""The supervisor's end of the channel to whichever gateway process runs now."""

import asyncio
import socket
from collections.abc import Callable

import msgspec

from infra.local.changes import Changes
from infra.local.control import (
    Channel,
    Deploy,
    Deployed,
    Remove,
    Restarted,
    Snapshot,
    Start,
    Stop,
    ToGateway,
    ToSupervisor,
)
from infra.local.fleet import Fleet
from infra.local.keeper import Launch
from infra.local.programs import Program


class GatewayLink:
    """Gives each new gateway a channel of its own and serves what it asks for.

    `program` makes the gateway's program from the descriptors of its listening socket and of
    its end of the channel.
    """

    def __init__(self, listener: socket.socket, program: Callable[[int, int], Program]) -> None:
        self._listener = listener
        self._program = program
        self._channel: Channel | None = None
        self._serving: asyncio.Task[None] | None = None
        self._untold: list[Restarted] = []
        self.fleet: Fleet | None = None
        self.changes: Changes | None = None

    def launch(self) -> Launch:
        """Return how to start a gateway; the channel is connected once it has started."""
        ours, theirs = socket.socketpair()
        descriptors = (self._listener.fileno(), theirs.fileno())

        async def connect() -> None:
            theirs.close()
            await self._connect(ours)

        return Launch(self._program(*descriptors), descriptors, connect)

    async def _connect(self, end: socket.socket) -> None:
        self.close()
        self._channel = channel = await Channel.over(end)
        if self.fleet is not None:
            self.fleet.forget_wants()
            for spec in self.fleet.specs.values():
                channel.send(Deployed(spec))
            channel.send(Snapshot(self.fleet.replicas()))
        untold, self._untold = self._untold, []
        for message in untold:
            channel.send(message)
        self._serving = asyncio.create_task(self._serve(channel))

    async def _serve(self, channel: Channel) -> None:
        async for line in channel.lines():
            message = msgspec.json.decode(line, type=ToSupervisor)
            if self.fleet is None or self.changes is None:
                continue
            if isinstance(message, Start):
                await self.fleet.start(message.function)
            elif isinstance(message, Stop):
                self.fleet.stop(message.replica)
            elif isinstance(message, Deploy | Remove):
                channel.send(self.changes.carry_out(message))
            else:
                self.fleet.want(message.function, message.replicas)
        self._channel = None
        channel.close()

    def tell(self, message: ToGateway) -> None:
        """Send to the gateway; a restart is told to the next one if there is none now."""
        if self._channel is not None:
            self._channel.send(message)
        elif isinstance(message, Restarted):
            self._untold.append(message)

    def close(self) -> None:
        """Close the channel."""
        if self._serving is not None:
            self._serving.cancel()
            self._serving = None
        if self._channel is not None:
            self._channel.close()
            self._channel = None
