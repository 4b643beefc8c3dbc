"""How a message of ours lies in an SQS queue.

Contract: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/
API_SendMessageBatch.html. Headers are attributes, of which a message may have ten; none may be
empty. A body is text: what it cannot hold, SQS would store changed without a word, so that this
is in base64, and an attribute says so; likewise what has a checksum, for not everything between a
queue and its reader leaves JSON as it was.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from shared.stream.packing import CHECKSUM, checksum

TRANSFER_ENCODING = "Content-Transfer-Encoding"
BASE64 = "base64"

_UNSTORABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class UnreadableError(ValueError):
    """A message is none of ours, or has been changed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as it is sent; `size` is what SQS counts: body, attributes, their types."""

    body: str
    attributes: Mapping[str, str]

    @classmethod
    def of(cls, content: bytes, headers: Mapping[str, str]) -> "Entry":
        """Return the message of a content and its headers."""
        attributes = {name: text for name, text in headers.items() if text}
        text = None if CHECKSUM in headers else _storable(content)
        if text is None:
            text = b64encode(content).decode()
            attributes[TRANSFER_ENCODING] = BASE64
        return cls(text, attributes)

    @property
    def size(self) -> int:
        """Return the bytes that count towards the limits."""
        attributes = sum(
            len(name) + len("String") + len(text.encode()) for name, text in self.attributes.items()
        )
        return len(self.body.encode()) + attributes

    def document(self, number: str) -> dict[str, object]:
        """Return the entry of a batch request; `number` names it in the answer."""
        attributes = {
            name: {"DataType": "String", "StringValue": text}
            for name, text in self.attributes.items()
        }
        return {"Id": number, "MessageBody": self.body, "MessageAttributes": attributes}


def _storable(content: bytes) -> str | None:
    """Return content as text if SQS stores it unchanged."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return text if text and _UNSTORABLE.search(text) is None else None


class _Attribute(msgspec.Struct):
    stringValue: str = ""


class _System(msgspec.Struct):
    SentTimestamp: str
    ApproximateReceiveCount: str = "1"


class Record(msgspec.Struct):
    """A message as Lambda delivers it.

    Contract: https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html (example event).
    """

    messageId: str
    body: str
    attributes: _System
    eventSourceARN: str
    messageAttributes: dict[str, _Attribute] = {}

    @property
    def headers(self) -> dict[str, str]:
        """Return the message's headers."""
        return {name: each.stringValue for name, each in self.messageAttributes.items()}

    def content(self) -> bytes:
        """Return the content as it was sent. Raises UnreadableError."""
        headers = self.headers
        content = self.body.encode("utf-8", "surrogatepass")
        if headers.get(TRANSFER_ENCODING) == BASE64:
            try:
                content = b64decode(self.body, validate=True)
            except ValueError as error:
                raise UnreadableError("the body is not base64") from error
        expected = headers.get(CHECKSUM)
        if expected is not None and checksum(content) != expected:
            raise UnreadableError("the content does not match its checksum")
        return content

    @property
    def sequence(self) -> int:
        """Return a number that stands for the message, the same at each delivery of it."""
        digest = blake2b(self.messageId.encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % 10**18
