"""What `hookstream up` was asked for; handed to the background process on standard input."""

from pathlib import Path

import msgspec

from infra.local.ports import HOST
from infra.local.stackfile import DEFAULT_STACK


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The choices of one `up`. A port of 0 is a free one; `idle` is in seconds.

    The gateway listens on `host`. `nats_url` and `database_url` name servers to use in place of
    embedded ones. Without `connector`, one that runs elsewhere delivers. Without `pipeline`, there
    are neither servers nor a connector, only the gateway and the functions. With `monitoring`,
    Prometheus runs beside them.
    """

    state_dir: Path = Path(".hookstream")
    stack: Path = DEFAULT_STACK
    host: str = HOST
    port: int = 8080
    nats_port: int = 0
    database_port: int = 0
    idle: float | None = None
    nats_url: str | None = None
    database_url: str | None = None
    connector: bool = True
    pipeline: bool = True
    monitoring: bool = False
    prometheus_port: int = 0

    def encode(self) -> bytes:
        """Return the options as JSON."""
        return msgspec.json.encode(self, enc_hook=str)

    @classmethod
    def decode(cls, text: bytes) -> "Options":
        """Return the options that `encode` wrote. Raises msgspec.DecodeError."""
        return msgspec.json.decode(text, type=cls, dec_hook=lambda _, path: Path(path))
