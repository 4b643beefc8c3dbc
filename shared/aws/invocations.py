"""What the connector invokes a collector on Lambda with: `{"cloudEvents": "KLUv…"}`.

It is the very batch that it posts over HTTP, byte by byte, for what has passed a JSON parser is
another text; compressed with zstd, for Lambda takes 6 MB, and in base64. The answer is the same,
too, AWS' partial batch response (shared/batch.py).
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable

import msgspec
import zstandard

from shared.aws.batches import RefusedBatchError, deliver
from shared.batch import StoredMessage, encode_batch
from shared.settings import MIB
from shared.web import Function

MEMBER = "cloudEvents"
REFUSED = RefusedBatchError.__name__
"""The `errorType` with which a function refuses its messages; others tell of outages."""

_LARGEST = 64 * MIB


def encode_invocation(messages: Iterable[StoredMessage]) -> bytes:
    """Return the payload of an invocation with messages."""
    batch = zstandard.ZstdCompressor(level=1).compress(encode_batch(messages))
    return msgspec.json.encode({MEMBER: b64encode(batch).decode()})


def is_invocation(event: object) -> bool:
    """Say whether an event is the connector's."""
    return isinstance(event, dict) and MEMBER in event


async def answer(function: Function, event: dict[str, str]) -> object:
    """Have a collector answer the connector. Raises FailedBatchError."""
    try:
        batch = zstandard.ZstdDecompressor().decompress(
            b64decode(event[MEMBER], validate=True), max_output_size=_LARGEST
        )
    except (ValueError, zstandard.ZstdError) as error:
        raise RefusedBatchError("the batch does not inflate") from error
    return msgspec.to_builtins(await deliver(function, batch))
