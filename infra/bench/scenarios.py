"""The scenarios of the benchmark.

A scenario is a class with a summary and a `run`; adding one is adding an object to SCENARIOS.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from infra.bench.ceilings import Ceilings
from infra.bench.coldstart import ColdStart
from infra.bench.growth import Growth
from infra.bench.load import Target
from infra.bench.loads import Bulk, Burst, Drain, Publisher, Single
from infra.bench.outcome import Outcome
from infra.bench.reports import Reports
from infra.bench.sizes import Sizes
from infra.bench.stages import Stages


class Scenario(Protocol):
    """Something to measure. `stack` says whether it needs a stack that runs already."""

    summary: str
    stack: bool

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once. Each run makes new events.

        Raises MissingError when a part of the stack that it needs cannot be reached.
        """


SCENARIOS: Final[Mapping[str, Scenario]] = {
    "publisher": Publisher(),
    "bulk": Bulk(),
    "single": Single(),
    "burst": Burst(),
    "drain": Drain(),
    "coldstart": ColdStart(),
    "reports": Reports(),
    "growth": Growth(),
    "ceilings": Ceilings(),
    "stages": Stages(),
}
