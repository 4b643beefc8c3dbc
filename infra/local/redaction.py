"""URLs and connection strings as they may be shown."""

import re

_HIDDEN = "***"
_PASSWORD = re.compile(r"(?<=://)([^\s/?#,@:]*):[^\s/,@]*(?=@)")
_NATS_TOKEN = re.compile(r"(?:(?<=nats://)|(?<=tls://))[^\s/?#,@:]+(?=@)")
_PARAMETER = re.compile(r"\b((?:ssl)?password=)('[^']*'|[^&\s]*)", re.IGNORECASE)


def redacted(text: str) -> str:
    """Return NATS URLs or a PostgreSQL URL or connection string without passwords and tokens."""
    text = _PASSWORD.sub(rf"\1:{_HIDDEN}", text)
    text = _NATS_TOKEN.sub(_HIDDEN, text)
    return _PARAMETER.sub(rf"\1{_HIDDEN}", text)
