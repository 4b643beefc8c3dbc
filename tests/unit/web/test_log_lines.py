"""Lines of one turn of the event loop are written together, and none is lost."""

import asyncio
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shared import telemetry
from shared.telemetry import configure_logging, correlation_id, log_request, new_correlation_id

logger = logging.getLogger("test")


class Writes(io.StringIO):
    """Keeps what each write wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)

    def messages(self) -> list[list[str]]:
        return [[json.loads(line)["message"] for line in w.splitlines()] for w in self.writes]


@pytest.fixture
def written() -> Iterator[Writes]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    root.handlers = []
    stream = Writes()
    configure_logging("role", "INFO", stream)
    yield stream
    root.handlers, root.level = handlers, level
    telemetry._Sink.handler = None


def test_lines_of_a_turn_are_one_write(written: Writes) -> None:
    async def scenario() -> None:
        for turn in range(2):
            logger.info("one")
            log_request(logger, {"turn": turn})
            assert len(written.writes) == turn
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(scenario())
    assert written.messages() == [["one", "request"]] * 2


def test_a_requests_line_is_that_of_any_other_record(written: Writes) -> None:
    token = correlation_id.set("me")
    members: dict[str, object] = {"path": "/x", "status": 200}
    log_request(logger, members)
    logger.info("request", extra={"fields": members})
    correlation_id.reset(token)
    short, usual = (json.loads(text) for text in written.writes)
    assert list(short) == list(usual)
    assert short | {"timestamp": ""} == usual | {"timestamp": ""}
    assert short["correlationId"] == "me"


def test_nothing_waits_outside_of_a_loop_or_when_it_is_urgent(written: Writes) -> None:
    logger.info("before")
    assert written.messages() == [["before"]]

    async def scenario() -> None:
        logger.info("waits")
        assert len(written.writes) == 1
        logger.warning("urgent")
        assert written.messages()[1:] == [["waits", "urgent"]]

    asyncio.run(scenario())


def test_what_waits_is_bounded(written: Writes) -> None:
    async def scenario() -> None:
        for _ in range(10):
            logger.info("x" * 10_000)
        assert len(written.writes) == 1

    asyncio.run(scenario())
    assert sum(map(len, written.messages())) == 10


def test_a_loop_that_ended_early_does_not_hold_the_next_one_up(written: Writes) -> None:
    async def later() -> None:
        logger.info("line")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert sum(map(len, written.messages())) == 2

    loop = asyncio.new_event_loop()
    loop.call_soon(logger.info, "line")
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
    asyncio.run(later())


def test_below_the_level_nothing_is_written(written: Writes) -> None:
    logging.getLogger().setLevel("WARNING")
    log_request(logger, {})
    assert written.writes == []


def test_a_program_that_ends_at_once_has_written_its_lines() -> None:
    program = """
import asyncio, logging, sys
from shared.telemetry import configure_logging
configure_logging("role", "INFO")
async def main():
    logging.info("last words")
    sys.exit(3)
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert json.loads(done.stdout)["message"] == "last words"


def test_correlation_ids_are_unique_and_safe() -> None:
    made = {new_correlation_id() for _ in range(10_000)}
    assert len(made) == 10_000
    assert {len(each) for each in made} == {32}


NAME = "Grace Nobody"


class RowError(ValueError):
    """Says what PostgreSQL says of a row that it refuses."""


def refuse() -> None:
    raise RowError(f'bad value "{NAME}" of age\nDETAIL:  Failing row has ({NAME}, 7).')


def wrap() -> None:
    try:
        refuse()
    except RowError as cause:
        raise KeyError(NAME) from cause


def test_an_exceptions_line_has_frames_and_causes_without_values(written: Writes) -> None:
    try:
        wrap()
    except KeyError:
        logger.exception("unexpected error")
    [text] = written.writes
    told = json.loads(text)["exception"]
    assert NAME not in text
    assert "raise RowError" in told
    assert "RowError: bad value … of age" in told
    assert "KeyError: …" in told


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_share_of_what_succeeds_is_logged_and_all_that_fails(
    share: float, monkeypatch: pytest.MonkeyPatch, written: Writes
) -> None:
    monkeypatch.setattr(telemetry._Sink, "share", share)
    ids = [new_correlation_id() for _ in range(500)]
    for name in ids:
        token = correlation_id.set(name)
        log_request(logger, {"status": 200})
        log_request(logger, {"status": 503}, failed=True)
        correlation_id.reset(token)
    lines = [json.loads(text) for text in written.writes]
    assert [line["correlationId"] for line in lines if line["status"] == 503] == ids
    logged = [line["correlationId"] for line in lines if line["status"] == 200]
    assert abs(len(logged) - 500 * share) < 60
    # Each process decides alike.
    assert logged == list(filter(telemetry.is_sampled, ids))
