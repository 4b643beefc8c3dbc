"""The scenario `stages`: what an event costs, stage by stage, on the machine that runs it."""

from typing import Final

from infra.bench.load import LoadRun, Target
from infra.bench.loads import Bulk
from infra.bench.meters import Meter, Spent, collected_seldom
from infra.bench.outcome import Column, Outcome, Sheet
from infra.bench.path import accept, collect, compress, invoke
from infra.bench.processes import server_of
from infra.bench.scratch import scratch_database, scratch_stream
from infra.bench.sizes import Sizes
from infra.bench.streaming import publish, pull
from infra.bench.workload import bodies
from shared.settings import settings

_EVENTS: Final = 100_000
_COLUMNS: Final = (
    Column("microseconds", "CPU µs per event"),
    Column("serverMicroseconds", "in the server, CPU µs per event"),
)


class Stages:
    """A load for the cost by process, then the same work by stage."""

    summary = "CPU per event by process and by stage (a cost ledger)"
    stack = True

    async def run(self, target: Target, sizes: Sizes) -> Outcome:
        """Measure once. Raises MissingError without the servers."""
        nats, database = target.nats(), target.database()
        events = sizes.events or _EVENTS
        load = Bulk().load(Sizes(events=4 * events, body_size=sizes.body_size))
        whole = (await LoadRun(target, load)()).outcome()
        meter = Meter()
        await measure(
            meter, events, sizes.body_size, nats, database, server_of(target.listing, "nats")
        )
        sheet = stage_sheet(meter.spent, events)
        return Outcome(
            headline=f"{whole.headline}, and {events:,} events stage by stage",
            conclusion=whole.conclusion,
            sheets=[whole.sheet("processes"), sheet] if target.listing() else [sheet],
            details={**whole.details, "stageEvents": events},
            objections=whole.objections,
        )


async def measure(  # noqa: PLR0913, PLR0917 - the workload and where its parts are
    meter: Meter, events: int, body_size: int, nats_url: str, database_url: str, server: int | None
) -> None:
    """Take `events` through all stages. `server` is the stream's process, if it is known."""
    limits, texts = settings(), bodies(events, body_size)
    with collected_seldom():
        messages = compress(meter, accept(meter, texts, limits))
        async with scratch_stream(nats_url) as broker:
            await publish(meter, broker, messages, server)
            await pull(meter, broker, len(messages), server)
        calls = invoke(meter, messages, limits)
        with scratch_database(database_url) as scratch:
            stored = await collect(meter, calls, scratch)
    if stored != events:
        raise RuntimeError(f"{stored} of {events} events were stored")


def stage_sheet(spent: dict[str, Spent], events: int) -> Sheet:
    """Return microseconds per event by stage."""
    rows = {
        name: [
            each.here * 1e6 / events,
            None if each.server is None else each.server * 1e6 / events,
        ]
        for name, each in spent.items()
    }
    return Sheet("stages", "stage", _COLUMNS, rows, total=True)
