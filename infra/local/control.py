"""The messages between gateway and supervisor: JSON lines over a socket pair.

The gateway decides how many replicas there are, the supervisor starts and stops them.
"""

import asyncio
import socket
from collections.abc import AsyncIterator

import msgspec

from infra.local.deployment import Deployment
from infra.local.specs import FunctionSpec

DEPLOYMENT_LIMIT = 256 * 1024
"""Bytes of the largest deployment, as JSON; a line holds one twice."""

_LINE_LIMIT = 4 * DEPLOYMENT_LIMIT


class Replica(msgspec.Struct, frozen=True):
    """A replica as the supervisor knows it; it listens on `port` of 127.0.0.1.

    `generation` is that of the deployment that it runs.
    """

    id: str
    function: str
    port: int
    pid: int
    generation: int = 0


class Start(msgspec.Struct, frozen=True, tag="start"):
    """To the supervisor: start one more replica. Answered by Started or Refused."""

    function: str


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """To the supervisor: stop a replica to which no request goes any more."""

    replica: str


class Want(msgspec.Struct, frozen=True, tag="want"):
    """To the supervisor, for its status: how many replicas a function should have now."""

    function: str
    replicas: int


class Deploy(msgspec.Struct, frozen=True, tag="deploy"):
    """To the supervisor: create a function (`new`) or update it. Answered by Answered."""

    call: int
    deployment: Deployment
    new: bool


class Remove(msgspec.Struct, frozen=True, tag="remove"):
    """To the supervisor: remove a function. Answered by Answered."""

    call: int
    function: str


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """To the gateway: what came of a Deploy or Remove; a code of the error table, or ''."""

    call: int
    code: str = ""
    detail: str = ""


class Deployed(msgspec.Struct, frozen=True, tag="deployed"):
    """To the gateway: a function exists now, or is another from now on."""

    spec: FunctionSpec


class Removed(msgspec.Struct, frozen=True, tag="removed"):
    """To the gateway: a function is gone; its replicas run until they are told to stop."""

    function: str


class Snapshot(msgspec.Struct, frozen=True, tag="snapshot"):
    """To the gateway, after a Deployed for each function: the replicas that run.

    Until then the gateway serves nobody.
    """

    replicas: list[Replica]


class Started(msgspec.Struct, frozen=True, tag="started"):
    """To the gateway: a replica was started, its socket accepts connections from now on."""

    replica: Replica


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """To the gateway: no replica now; ask again in `retry_after` seconds."""

    function: str
    retry_after: float
    reason: str


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """To the gateway: a replica is gone, by our doing (`expected`) or not."""

    replica: str
    function: str
    expected: bool


class Restarted(msgspec.Struct, frozen=True, tag="restarted"):
    """To the gateway, for its metrics: a process died and was started again."""

    process: str


ToSupervisor = Start | Stop | Want | Deploy | Remove
ToGateway = Deployed | Removed | Snapshot | Started | Refused | Ended | Restarted | Answered


class Channel:
    """One end of the socket pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Channel":
        """Take over a connected socket."""
        return cls(*await asyncio.open_connection(sock=end, limit=_LINE_LIMIT))

    def send(self, message: ToSupervisor | ToGateway) -> None:
        """Send one message; lost without error if the other end is gone."""
        if not self._writer.is_closing():
            self._writer.write(msgspec.json.encode(message) + b"\n")

    async def lines(self) -> AsyncIterator[bytes]:
        """Yield what the other end sends, until it is gone."""
        try:
            while line := await self._reader.readline():
                yield line
        except ConnectionResetError:
            return

    def close(self) -> None:
        """Close this end."""
        self._writer.close()
