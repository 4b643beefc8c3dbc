"""Costs from what a benchmark printed."""

import pytest
from bench_documents import SPENT, document

from infra.planning.costs import Costs, CostsError


def test_processes_become_parts() -> None:
    costs = Costs.of_document(document(SPENT))
    assert costs.database == 9
    assert costs.collector == 6.5
    assert costs.beside == 1
    assert costs.broker == 1.5


def test_what_was_not_in_the_run_stays_as_it_is() -> None:
    assert Costs.of_document(document(SPENT)).sync == Costs().sync


def test_a_run_that_does_not_do_the_whole_path_is_refused() -> None:
    burst = SPENT | {"fb-consume": 0.0, "ttk-consume": 0.0, "postgres": 0.0}
    with pytest.raises(CostsError, match="collector and database"):
        Costs.of_document(document(burst))


@pytest.mark.parametrize("content", [{}, [], {"scenarios": []}, {"scenarios": [{"runs": [{}]}]}])
def test_something_else_is_refused(content: object) -> None:
    with pytest.raises(CostsError, match="bench"):
        Costs.of_document(content)  # type: ignore[arg-type]
