"""Events that something happened to on their way: a bit, a byte, a piece, a token."""

import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

_TOKENS = (
    b"null", b"true", b"[]", b"{}", b'""', b"0", b"-1", b"1e400", b"1e-400", b"NaN", b"Infinity",
    b"9" * 5000, b"0." + b"3" * 5000, b"-" + b"9" * 400, b"9223372036854775808", b"1.0", b"1e0",
    b'"\\u0000"', b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\xff"', b'"\xed\xa0\x80"', b'"\x00"',
    b"[" * 2000 + b"]" * 2000, b'{"a":' * 600 + b"1" + b"}" * 600, b"[" * 5000, b'"' + b"x" * 70_000 + b'"',
    b"\xef\xbb\xbf", b"'x'", b"+1", b"01", b"/**/null", b"[1,]", b"\x0b1", b'"\\x41"', b"tru",
)  # fmt: skip
_PIECES = (
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\x00",
    b"\xff",
    b"\xc3",
    b"\\u",
    b"\r",
    b"\t",
)

Mutation = Callable[[bytes, Random], bytes]


def _flip(text: bytes, random: Random) -> bytes:
    place = random.randrange(len(text))
    return text[:place] + bytes([text[place] ^ 1 << random.randrange(8)]) + text[place + 1 :]


def _cut(text: bytes, random: Random) -> bytes:
    start = random.randrange(len(text))
    return text[:start] + text[start + random.randint(1, 40) :]


def _truncate(text: bytes, random: Random) -> bytes:
    return text[: random.randrange(1, len(text))]


def _double(text: bytes, random: Random) -> bytes:
    start = random.randrange(len(text))
    end = start + random.randint(1, 60)
    return text[:end] + text[start:end] + text[end:]


def _insert(text: bytes, random: Random) -> bytes:
    place = random.randrange(len(text) + 1)
    return text[:place] + random.choice(_PIECES) + text[place:]


def _swap(text: bytes, random: Random) -> bytes:
    one, other = sorted(random.sample(range(len(text)), 2))
    return text[:one] + text[other:] + text[one:other]


def _random(text: bytes, random: Random) -> bytes:
    place = random.randrange(len(text))
    return text[:place] + random.randbytes(random.randint(1, 8)) + text[place + 1 :]


def _value(text: bytes, random: Random) -> bytes:
    """Put a token where some value was."""
    event: dict[str, Any] = json.loads(text)
    home = random.choice([*_objects(event)])
    home[random.choice([*home])] = "MUTATED"
    return json.dumps(event).encode().replace(b'"MUTATED"', random.choice(_TOKENS), 1)


def _repeat(text: bytes, random: Random) -> bytes:
    """Name a member twice, with another value."""
    event: dict[str, Any] = json.loads(text)
    name = random.choice([*event])
    return b"%b,%b:%b}" % (text[:-1], json.dumps(name).encode(), random.choice(_TOKENS))


def _rename(text: bytes, random: Random) -> bytes:
    event: dict[str, Any] = json.loads(text)
    home = random.choice([*_objects(event)])
    name = random.choice([*home])
    home[random.choice([name.upper(), name + " ", "", "\0", name[:-1], "__proto__"])] = home.pop(
        name
    )
    return json.dumps(event).encode()


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from _objects(member)


_MUTATIONS: tuple[Mutation, ...] = (
    _flip, _cut, _truncate, _double, _insert, _swap, _random, _value, _value, _value, _repeat, _rename,
)  # fmt: skip


def mutated(text: bytes, random: Random) -> bytes:
    """Return an event that one or several things happened to, on one line."""
    changed = random.choice(_MUTATIONS)(text, random)
    while random.random() < 0.2 and len(changed) > 1:
        changed = random.choice((_flip, _cut, _insert, _random))(changed, random)
    return changed.replace(b"\n", b" ")
