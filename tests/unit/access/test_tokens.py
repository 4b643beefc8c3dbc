"""Tokens of an identity provider: only those that it signed, for us, and not too long ago."""

import asyncio
import base64
import hmac
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from shared.access.tokens import AGAIN_AFTER, KEPT_FOR, KEYS_FOR, Tokens
from shared.errors import Problem
from shared.settings import Settings

ISSUER = "https://identity.example"
AUDIENCE = "hookstream"
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(identity: str, text: str | dict[str, Any], **more: str) -> dict[str, Any]:
    members = json.loads(text) if isinstance(text, str) else text
    return {**members, "kid": identity, "use": "sig", **more}


KEYS = [
    jwk("rsa", RSAAlgorithm.to_jwk(RSA.public_key()), alg="RS256"),
    jwk("ec", ECAlgorithm.to_jwk(EC.public_key())),
]


class Provider:
    """Serves a key set; it can fail."""

    def __init__(self) -> None:
        self.keys = list(KEYS)
        self.asked = 0
        self.fails = False
        self.now = 0.0
        self.url = ""

    def tokens(self, **changes: Any) -> Tokens:  # noqa: ANN401 - settings of any type
        given = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks_url": self.url}
        return Tokens(msgspec.convert({**given, **changes}, Settings), lambda: self.now)


@contextmanager
def served(provider: Provider) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked += 1
            self.send_response(500 if provider.fails else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"keys": provider.keys}).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        provider.url = f"http://127.0.0.1:{server.server_port}/keys"
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with served(made):
        yield made


def claims(**changes: object) -> dict[str, Any]:
    given = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada@example.org",
        "exp": time.time() + 86_400,
        "scope": "openid report",
    }
    return {name: value for name, value in {**given, **changes}.items() if value is not None}


def token(key: Any = RSA, algorithm: str = "RS256", kid: str | None = "rsa", **changes: Any) -> str:  # noqa: ANN401 - keys and claims
    headers = {} if kid is None else {"kid": kid}
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def code(tokens: Tokens, text: str) -> str:
    try:
        asyncio.run(tokens.read(text))
    except Problem as problem:
        return problem.kind.code
    return ""


@pytest.mark.parametrize(
    ("text", "scopes"),
    [
        (token(), ("openid", "report")),
        (token(EC, "ES256", "ec"), ("openid", "report")),
        (token(aud=["other", AUDIENCE]), ("openid", "report")),
        (token(scope=["ops", "report"]), ("ops", "report")),
        (token(scope=None), ()),
        (token(scope={"admin": True}), ()),
    ],
    ids=["rsa", "ec", "audiences", "a list", "no claim", "another form"],
)
def test_what_is_accepted(provider: Provider, text: str, scopes: tuple[str, ...]) -> None:
    caller, found = asyncio.run(provider.tokens().read(text))
    assert found == scopes
    assert caller.startswith("user:")
    assert "ada" not in caller


def encoded(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def by_hand(algorithm: str, secret: bytes) -> str:
    parts = ({"alg": algorithm, "kid": "rsa"}, claims())
    text = b".".join(encoded(json.dumps(part).encode()) for part in parts)
    code = hmac.digest(secret, text, "sha256") if secret else b""
    return f"{text.decode()}.{encoded(code).decode()}"


PUBLIC = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
"""Known to everybody, and an HMAC key where a library lets the token choose."""


def test_a_key_is_for_its_own_algorithm(provider: Provider) -> None:
    free = jwk("free", RSAAlgorithm.to_jwk(RSA.public_key()))
    provider.keys.append(free)
    allowing = {"oidc_algorithms": "RS256,RS512"}
    assert code(provider.tokens(**allowing), token(algorithm="RS512")) == "invalid_credentials"
    assert code(provider.tokens(**allowing), token(algorithm="RS512", kid="free")) == ""
    assert code(provider.tokens(), token(algorithm="RS512", kid="free")) == "invalid_credentials"


def test_clocks_may_differ_a_little(provider: Provider) -> None:
    assert code(provider.tokens(), token(exp=time.time() - 5)) == ""
    assert code(provider.tokens(), token(nbf=time.time() + 5)) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a.b.c",
        "é.é.é",
        "x" * 10_000,
        by_hand("none", b""),
        by_hand("HS256", PUBLIC),
        token(STRANGER),
        token(kid="unknown"),
        token(kid=None),
        token(kid="ec"),
        token(algorithm="RS512"),
        token(EC, "ES256", "rsa"),
        token(iss="https://other.example"),
        token(iss=None),
        token(aud="other"),
        token(aud=None),
        token(sub=None),
        token(exp=None),
        token(exp=time.time() - 60),
        token(nbf=time.time() + 86_400),
        token()[:-4],
        token()[:-4] + "AAAA",
    ],
    ids=range(23),
)
def test_what_is_refused(provider: Provider, text: str) -> None:
    assert code(provider.tokens(), text) == "invalid_credentials"


def test_keys_are_asked_for_once(provider: Provider) -> None:
    tokens = provider.tokens()
    for _ in range(5):
        assert code(tokens, token()) == ""
        assert code(tokens, token(kid="unknown")) == "invalid_credentials"
    assert provider.asked == 1
    provider.now += KEYS_FOR
    assert code(tokens, token()) == ""
    assert provider.asked == 2


def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(provider: Provider) -> None:
    tokens = provider.tokens()
    assert code(tokens, token()) == ""
    provider.keys = [jwk("next", RSAAlgorithm.to_jwk(STRANGER.public_key()))]
    provider.now += AGAIN_AFTER
    assert code(tokens, token(STRANGER, kid="next")) == ""
    assert code(tokens, token()) == "invalid_credentials"


def test_while_the_provider_is_away(provider: Provider) -> None:
    tokens = provider.tokens()
    provider.fails = True
    assert code(tokens, token()) == "keys_unavailable"
    assert code(tokens, token()) == "keys_unavailable"
    assert provider.asked == 1
    provider.fails = False
    provider.now += AGAIN_AFTER
    assert code(tokens, token()) == ""
    provider.fails = True
    provider.now += KEPT_FOR
    assert code(tokens, token()) == ""
    provider.now += AGAIN_AFTER
    assert code(tokens, token()) == "keys_unavailable"


@pytest.mark.parametrize(
    ("changes", "setting"),
    [
        ({"oidc_audience": ""}, "OIDC_AUDIENCE"),
        ({"oidc_jwks_url": ""}, "OIDC_JWKS_URL"),
        ({"oidc_jwks_url": "http://identity.example/keys"}, "OIDC_JWKS_URL"),
        ({"oidc_jwks_url": "file:///etc/passwd"}, "OIDC_JWKS_URL"),
        ({"oidc_algorithms": "RS256,HS256"}, "OIDC_ALGORITHMS"),
        ({"oidc_algorithms": "none"}, "OIDC_ALGORITHMS"),
        ({"oidc_algorithms": ""}, "OIDC_ALGORITHMS"),
    ],
)
def test_settings_that_would_let_anybody_in(
    provider: Provider, changes: dict[str, str], setting: str
) -> None:
    with pytest.raises(ValueError, match=f"setting {setting}: "):
        provider.tokens(**changes)
