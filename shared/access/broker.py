"""Keys in the broker, for functions that have no database: the last message of a stream.

The connector keeps it like the table (infra/connector/key_copying.py). It holds digests only.
"""

from collections.abc import Iterable, Sequence

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError

from shared.access.keys import Key
from shared.errors import Problem
from shared.settings import MIB, Settings
from shared.stream.connection import RETRY_AFTER, Broker

STREAM = "KEYS"
SUBJECT = "keys.live"

_decode = msgspec.json.Decoder(list[Key]).decode


def key_stream(chosen: Settings) -> api.StreamConfig:
    """Return KEYS: one message, the last."""
    return api.StreamConfig(
        name=STREAM,
        description="The digests of the API keys that are valid",
        subjects=[SUBJECT],
        retention=api.RetentionPolicy.LIMITS,
        storage=api.StorageType.FILE,
        max_msgs_per_subject=1,
        max_bytes=4 * MIB,
        max_msg_size=MIB,
        num_replicas=chosen.stream_replicas,
        allow_direct=True,
    )


async def stored_keys(js: JetStreamContext) -> list[Key] | None:
    """Return the keys as the stream has them, None if it has none. Raises nats.errors.Error."""
    try:
        message = await js.get_last_msg(STREAM, SUBJECT, direct=True)
    except NotFoundError:
        return None
    return _decode(message.data or b"[]")


async def store_keys(js: JetStreamContext, keys: Sequence[Key]) -> None:
    """Replace the keys in the stream. Raises nats.errors.Error."""
    await js.publish(SUBJECT, msgspec.json.encode(keys))


class BrokerKeys:
    """Reads the keys of a broker."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def __call__(self) -> Iterable[Key]:
        """See ReadKeys."""
        await self._broker.available()
        try:
            return await stored_keys(self._broker.jetstream) or ()
        except (NatsError, msgspec.MsgspecError) as error:
            detail = "The broker does not say which keys are valid."
            raise Problem("broker_unavailable", detail, retry_after=RETRY_AFTER) from error
