"""However many large requests come at once, webhook-ingest stays small, and takes all of them."""

import gzip
import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from builders import facebook
from memory import high_water
from processes import Served

EVENTS = 50_000
CALLERS = 12
MOST_MEMORY = 256.0
"""MiB."""


@pytest.fixture(scope="module")
def body() -> bytes:
    """Return a request of about 30 MiB."""
    return json.dumps([facebook() for _ in range(EVENTS)]).encode()


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_many_large_requests_at_once(ingest: Served, body: bytes, encoding: str) -> None:
    def insist(caller: int) -> int:
        own = body.replace(b'"user-', b'"user%d-' % caller)
        content = gzip.compress(own, 1) if encoding == "gzip" else own
        headers = {"content-encoding": encoding}
        while True:
            answer = httpx2.post(ingest.url, content=content, headers=headers, timeout=60)
            if answer.status_code == 200:
                return int(answer.json()["accepted"])
            assert answer.status_code == 429
            time.sleep(0.2)  # what a caller does, only sooner than told

    with ThreadPoolExecutor(CALLERS) as callers:
        assert sum(callers.map(insist, range(CALLERS))) == CALLERS * EVENTS
    assert high_water(ingest.process.pid) < MOST_MEMORY
