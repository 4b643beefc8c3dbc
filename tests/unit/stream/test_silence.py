"""Silence: who fails when nothing is heard, and when somebody may try again."""

import asyncio

import pytest
import stamina

from shared.stream.silence import Silence

PATIENCE = 0.05


async def wait(silence: Silence, seconds: float = 5) -> None:
    async with asyncio.timeout(seconds) as deadline:
        with silence.bounds(deadline):
            await asyncio.Event().wait()


def test_silence_ends_every_wait() -> None:
    async def scenario() -> None:
        silence = Silence(PATIENCE)
        ended = await asyncio.gather(wait(silence), wait(silence), return_exceptions=True)
        assert [type(error) for error in ended] == [TimeoutError, TimeoutError]
        assert silence.lasts

    asyncio.run(scenario())


def test_what_is_heard_prolongs_the_wait_up_to_its_own_deadline() -> None:
    async def scenario() -> None:
        silence = Silence(PATIENCE)
        waiting = asyncio.create_task(wait(silence, 6 * PATIENCE))
        while not waiting.done():
            silence.heard()
            await asyncio.wait([waiting], timeout=PATIENCE / 10)
        with pytest.raises(TimeoutError):
            await waiting
        assert not silence.lasts

    asyncio.run(scenario())


def test_one_wait_at_a_time_finds_out_whether_silence_lasts() -> None:
    async def scenario() -> None:
        silence = Silence(PATIENCE)
        with pytest.raises(TimeoutError):
            await wait(silence)
        async for attempt in stamina.retry_context(
            on=AssertionError, attempts=None, timeout=5, wait_initial=PATIENCE / 10
        ):
            with attempt:
                assert not silence.lasts
        probe = asyncio.create_task(wait(silence))
        await asyncio.sleep(0)
        assert silence.lasts
        silence.heard()
        assert not silence.lasts
        probe.cancel()
        await asyncio.wait([probe])

    asyncio.run(scenario())
