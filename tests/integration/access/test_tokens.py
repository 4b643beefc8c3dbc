"""A function takes tokens of an identity provider beside its keys."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from integration.access.conftest import Guarded
from jwt.algorithms import RSAAlgorithm
from processes import Served, serve

ISSUER = "https://identity.example"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def identity_provider() -> Iterator[str]:
    """Serve a key set and yield its URL."""
    public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key()))
    content = json.dumps({"keys": [{**public, "kid": "1", "alg": "RS256"}]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/keys"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def reports(guarded: Guarded) -> Iterator[Served]:
    """Run report-events with an identity provider, and a rate of one request."""
    with identity_provider() as url:
        environment = {
            "NATS_URL": guarded.nats_url,
            "DATABASE_URL": guarded.database_url,
            "AUTH": "keys",
            "KEY_RATE": "0.01",
            "OIDC_ISSUER": ISSUER,
            "OIDC_AUDIENCE": "hookstream",
            "OIDC_JWKS_URL": url,
            "OIDC_SCOPE_CLAIM": "roles",
        }
        with serve("shared.serve", "report-events", environment=environment) as served:
            yield served


def ask(reports: Served, **claims: object) -> httpx2.Response:
    given = {"iss": ISSUER, "aud": "hookstream", "exp": time.time() + 600, **claims}
    token = jwt.encode(given, KEY, algorithm="RS256", headers={"kid": "1"})
    return httpx2.get(reports.url, headers={"authorization": f"Bearer {token}"}, timeout=20)


def test_scopes_come_from_the_claim(reports: Served) -> None:
    assert ask(reports, sub="ada", roles=["report"]).status_code == 200
    refused = ask(reports, sub="bob", roles=["ingest"], scope="report")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    other = ask(reports, sub="eve", roles=["report"], aud="somebody else")
    assert (other.status_code, other.json()["code"]) == (401, "invalid_credentials")


def test_a_person_has_a_rate(reports: Served) -> None:
    codes = [ask(reports, sub="hasty", roles="report").status_code for _ in range(2)]
    assert codes == [200, 429]
    assert ask(reports, sub="another", roles="report").status_code == 200


def test_keys_go_on_being_valid(reports: Served, keys: dict[str, str]) -> None:
    headers = {"authorization": f"Bearer {keys['report']}"}
    assert httpx2.get(reports.url, headers=headers, timeout=20).status_code == 200
