"""Generated signatures: each genuine one holds, and each other one does not."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

import pytest

from shared.authenticity.facebook import FacebookSignature
from shared.authenticity.scheme import Scheme
from shared.authenticity.standard_webhooks import StandardWebhooksSignature
from shared.authenticity.tiktok import TiktokSignature
from shared.errors import Problem

NOW = 1_790_000_000
TOLERANCE = 300
CASES = 25
"""Requests of each kind and scheme."""


@dataclass(slots=True)
class Signed:
    """A request as its sender signed it."""

    secret: bytes
    body: bytes
    timestamp: int = NOW
    identity: str = "msg_1"


def mac(secret: bytes, text: bytes) -> bytes:
    return hmac.new(secret, text, hashlib.sha256).digest()


def facebook_headers(signed: Signed) -> dict[str, str]:
    return {"x-hub-signature-256": f"sha256={mac(signed.secret, signed.body).hex()}"}


def tiktok_headers(signed: Signed) -> dict[str, str]:
    code = mac(signed.secret, f"{signed.timestamp}.".encode() + signed.body).hex()
    return {"tiktok-signature": f"t={signed.timestamp},s={code}"}


def standard_headers(signed: Signed) -> dict[str, str]:
    head = f"{signed.identity}.{signed.timestamp}.".encode()
    code = base64.b64encode(mac(signed.secret, head + signed.body)).decode()
    return {
        "webhook-id": signed.identity,
        "webhook-timestamp": str(signed.timestamp),
        "webhook-signature": f"v1,{code}",
    }


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    sign: Callable[[Signed], dict[str, str]]
    verifier: Callable[[list[bytes]], Scheme]
    timed: bool = True


def text(secrets: list[bytes]) -> str:
    return ",".join(secret.hex() for secret in secrets)


def standard_text(secrets: list[bytes]) -> str:
    return ",".join("whsec_" + base64.b64encode(secret).decode() for secret in secrets)


PROVIDERS = [
    Provider(
        "facebook",
        lambda s: facebook_headers(Signed(s.secret.hex().encode(), s.body)),
        lambda secrets: FacebookSignature(text(secrets)),
        timed=False,
    ),
    Provider(
        "tiktok",
        lambda s: tiktok_headers(Signed(s.secret.hex().encode(), s.body, s.timestamp)),
        lambda secrets: TiktokSignature(text(secrets), TOLERANCE, lambda: NOW),
    ),
    Provider(
        "standard",
        standard_headers,
        lambda secrets: StandardWebhooksSignature(standard_text(secrets), TOLERANCE, lambda: NOW),
    ),
]


def body(random: Random) -> bytes:
    words = ["äöå", "Київ", "😀", "a/b", "<x>", "\\", '"', "plain", "\u2028"]
    event = {
        "eventId": random.randbytes(8).hex(),
        "name": random.choice(words),
        "n": random.random(),
    }
    escaped = json.dumps([event] * random.randint(1, 5), ensure_ascii=random.random() < 0.5)
    return escaped.encode()


def holds(scheme: Scheme, headers: dict[str, str], content: bytes) -> bool:
    try:
        scheme.verify(headers, content)
    except Problem as problem:
        assert problem.kind.code == "invalid_signature"
        return False
    return True


def changed(headers: dict[str, str], change: Callable[[str], str], name: str) -> dict[str, str]:
    return headers | {name: change(headers[name])}


def flip(content: bytes, random: Random) -> bytes:
    place = random.randrange(len(content))
    bit = 1 << random.randrange(8)
    return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


def other_digit(value: str, random: Random) -> str:
    place = random.randrange(len(value) - 20, len(value) - 2)
    return value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]


def escapes(content: bytes) -> bytes:
    """Return the same JSON, escaped the other way."""
    value = json.loads(content)
    forms = [json.dumps(value, ensure_ascii=plain).encode() for plain in (True, False)]
    return next((form for form in forms if form != content), json.dumps(value, indent=1).encode())


Kind = Callable[[Provider, Signed, list[bytes], Random], tuple[dict[str, str], bytes]]


def body_kinds(random: Random) -> dict[str, Callable[[bytes], bytes]]:
    return {
        "a bit of the body": lambda content: flip(content, random),
        "a truncated body": lambda content: content[: random.randrange(len(content))],
        "a longer body": lambda content: content + b" ",
        "a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
        "another indentation": lambda content: json.dumps(json.loads(content), indent=2).encode(),
        "other escapes": escapes,
        "UTF-16": lambda content: content.decode().encode("utf-16"),
    }


def header_kinds(random: Random) -> dict[str, Callable[[str], str]]:
    return {
        "no signature": lambda _: "",
        "a truncated signature": lambda value: value[: random.randrange(len(value))],
        "a longer signature": lambda value: value + "0",
        "another digit": lambda value: other_digit(value, random),
        "upper case": str.upper,
        "letters that are not ASCII": lambda value: value[:-1] + "\u00e4",
        "spaces in it": lambda value: value[:-4] + " " + value[-4:],
        "another digest": lambda value: (
            value.replace("sha256=", "sha224=").replace("t=", "u=").replace("v1,", "v2,")
        ),
        "a scheme that is none": lambda value: (
            value.replace("sha256=", "sha1=").replace("s=", "s1=").replace("v1,", "v1a,")
        ),
    }


def cases(provider: Provider, random: Random) -> Iterator[tuple[str, bool, bool]]:
    """Yield kind of request, whether it has to hold, and whether it does."""
    for _ in range(CASES):
        old, new, stranger = (random.randbytes(24) for _ in range(3))
        content = body(random)
        one, two = provider.verifier([new]), provider.verifier([old, new])
        good = provider.sign(Signed(new, content))
        header = one.header
        yield "right", True, holds(one, good, content)
        yield "the new one of two secrets", True, holds(two, good, content)
        former = provider.sign(Signed(old, content))
        yield "the old one of two secrets", True, holds(two, former, content)
        yield "a secret that was retired", False, holds(one, former, content)
        forged = provider.sign(Signed(stranger, content))
        yield "a stranger's secret", False, holds(two, forged, content)
        for name, change in body_kinds(random).items():
            if (other := change(content)) != content:
                yield name, False, holds(one, good, other)
        for name, alter in header_kinds(random).items():
            yield name, False, holds(one, changed(good, alter, header), content)
        for away in (TOLERANCE, -TOLERANCE) if provider.timed else ():
            for seconds, right in ((away, True), (away * 2, False), (away + away // 300, False)):
                late = provider.sign(Signed(new, content, NOW + seconds))
                yield f"{seconds} s away", right, holds(one, late, content)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_generated_requests(provider: Provider) -> None:
    seen = list(cases(provider, Random(provider.name)))
    assert len(seen) > 1000 / len(PROVIDERS)
    assert {right for _, right, _ in seen} == {True, False}
    assert [name for name, right, held in seen if held != right] == []


def test_there_are_a_thousand() -> None:
    assert sum(len(list(cases(each, Random(each.name)))) for each in PROVIDERS) >= 1000


TIMED = [provider for provider in PROVIDERS if provider.timed]


@pytest.mark.parametrize("provider", TIMED, ids=lambda provider: provider.name)
@pytest.mark.parametrize("when", ["", "hello", "-1", "1e9", "nan", "٣", "9" * 400, " 1790000000"])
def test_a_timestamp_that_is_none(provider: Provider, when: str) -> None:
    content = b"[]"
    signed = Signed(bytes(24), content)
    signed.timestamp = when  # type: ignore[assignment]  # what a forger would sign
    assert not holds(provider.verifier([bytes(24)]), provider.sign(signed), content)


@pytest.mark.parametrize("secrets", [",", "c2VjcmV0,", " ", "YQ==,YQ==,YQ=="])
@pytest.mark.parametrize(
    "scheme",
    [
        FacebookSignature,
        lambda secrets: TiktokSignature(secrets, 1),
        lambda secrets: StandardWebhooksSignature(secrets, 1),
    ],
    ids=["facebook", "tiktok", "standard"],
)
def test_secrets_have_to_be_usable(scheme: Callable[[str], Scheme], secrets: str) -> None:
    with pytest.raises(ValueError, match=r"setting [A-Z_]+SECRETS: ") as raised:
        scheme(secrets)
    assert "c2VjcmV0" not in str(raised.value)
