"""How long the benchmark waits for reports."""

import asyncio
from collections.abc import Callable

import pytest

from infra.bench.looker import Looker
from infra.publisher.reports import ReportError, Reports


class Growing(Reports):
    """Reports what `total` returns at the next look."""

    def __init__(self, total: Callable[[], int]) -> None:
        self._total = total

    async def total_events(self) -> int:
        return self._total()


def wait(total: Callable[[], int], events: int, patience: float) -> tuple[float | None, Looker]:
    async def scenario() -> tuple[float | None, Looker]:
        looker = Looker(Growing(total), 100, 0.01)
        watching = asyncio.create_task(looker.watch())
        moment = await looker.wait_for(events, patience)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        return moment, looker

    return asyncio.run(scenario())


def test_patience_is_for_each_step_forward() -> None:
    steps = iter(range(100, 1000))
    moment, looker = wait(lambda: next(steps), 40, patience=0.1)
    assert moment is not None
    assert looker.marks[-1].events == 40


def test_it_gives_up_when_nothing_comes_any_more() -> None:
    moment, _ = wait(lambda: 105, 40, patience=0.1)
    assert moment is None


def test_failed_looks_are_counted() -> None:
    answers: list[int | None] = [None, 140]

    def total() -> int:
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            raise ReportError("away")
        return answer

    moment, looker = wait(total, 40, patience=1)
    assert moment == pytest.approx(looker.marks[0].at)
    assert looker.failures == 1
