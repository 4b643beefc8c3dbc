"""What the stream INVOCATIONS holds: calls that wait for their function, results for their caller.

A result is published before the message of its call is acknowledged, under the call's sequence
number, so that a call which is delivered once more makes no second one.
"""

import msgspec
from nats.js import api

from shared.settings import GIB, KIB, MIB

STREAM = "INVOCATIONS"
CALLS = "invocations.calls"
RESULTS = "invocations.results"

BODY_LIMIT = 512 * KIB
"""Bytes of the largest body that is queued, and of the largest answer that is called back."""

_HEAD_LIMIT = 128 * KIB
_STREAM_BYTES = GIB
_KEEP = 7 * 86_400.0


class QueuedCall(msgspec.Struct, frozen=True, array_like=True):
    """A request to a function; `target` is the path and query that the function sees."""

    id: str
    function: str
    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    callback: str


class QueuedResult(msgspec.Struct, frozen=True, array_like=True):
    """A function's answer on its way to the callback URL; `seconds` is how long it took."""

    id: str
    function: str
    status: int
    seconds: float
    headers: dict[str, str]
    body: bytes
    callback: str


def invocations_stream(replicas: int) -> api.StreamConfig:
    """Return the stream: on file, each message until it is acknowledged, refusing when full."""
    return api.StreamConfig(
        name=STREAM,
        description="Asynchronous invocations of functions, and their results",
        subjects=[f"{CALLS}.>", f"{RESULTS}.>"],
        retention=api.RetentionPolicy.WORK_QUEUE,
        storage=api.StorageType.FILE,
        discard=api.DiscardPolicy.NEW,
        max_bytes=_STREAM_BYTES,
        max_age=_KEEP,
        max_msg_size=BODY_LIMIT + _HEAD_LIMIT + MIB // 16,
        duplicate_window=3600.0,
        num_replicas=replicas,
    )


def consumer(subject: str) -> api.ConsumerConfig:
    """Return the pull consumer of one subject.

    What waits for its next attempt counts as pending, hence their number.
    """
    return api.ConsumerConfig(
        durable_name=subject.replace(".", "-"),
        filter_subject=f"{subject}.>",
        deliver_policy=api.DeliverPolicy.ALL,
        ack_policy=api.AckPolicy.EXPLICIT,
        ack_wait=30.0,
        max_deliver=-1,
        max_ack_pending=10_000,
    )
