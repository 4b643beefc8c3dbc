"""Random columns: n values at a time, because a call per value costs more than the value."""

import struct
from collections.abc import Iterable
from random import Random

import msgspec

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_TO_ALPHABET = (_ALPHABET * 5)[:256]
_UUID = struct.Struct("8s4sx3sx3s12s")  # 32 hexadecimal digits without version and variant


def uuids(rng: Random, n: int) -> list[bytes]:
    """Return n random UUIDs (RFC 9562, version 4) as text."""
    digits = rng.randbytes(16 * n).hex().encode()
    return [b"%b-%b-4%b-a%b-%b" % parts for parts in _UUID.iter_unpack(digits)]


def alphanumerics(rng: Random, n: int, length: int) -> list[bytes]:
    """Return n texts of `length` random letters and digits."""
    text = rng.randbytes(length * n).translate(_TO_ALPHABET)
    return [text[at : at + length] for at in range(0, length * n, length)]


def cents(rng: Random, n: int, least: int, most: int) -> list[int]:
    """Return n amounts of money in cents, uniform, both ends included."""
    span = most - least + 1
    return [least + int(rng.random() * span) for _ in range(n)]


def decimals(amounts: Iterable[int]) -> list[bytes]:
    """Render amounts in cents the way the wire carries them: b"10.00"."""
    return [b"%d.%02d" % divmod(amount, 100) for amount in amounts]


def quoted(texts: Iterable[str]) -> tuple[bytes, ...]:
    """Render texts as JSON strings."""
    return tuple(map(msgspec.json.encode, texts))


def members(**values: object) -> bytes:
    """Render keyword arguments as the members of a JSON object, without its braces."""
    return msgspec.json.encode(values)[1:-1]
