"""Where the parts of the path run."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Machines, replicas and settings.

    With `shared_cores`, everything runs on one machine of so many cores, the load generator too.
    Otherwise gateways, ingest, connectors and collectors are spread over `machines`, each stream
    is led by a machine of its own, and so is each database; publishers are elsewhere.

    A lane is a source's partition: a subject with its own consumer and collectors. Each source
    has `partitions` lanes; lanes are dealt out to streams and databases. `connectors` each serve
    all lanes; `collectors` are of each lane, `concurrency` and `batch` (INVOKE_CONCURRENCY,
    INVOKE_MAX_EVENTS) of each connector and lane. `log_bandwidth` is bytes a second of the device
    under one database's write-ahead log.
    """

    shared_cores: float | None = None
    machines: int = 1
    machine_cores: float = 4
    broker_cores: float = 4
    database_cores: float = 8
    gateways: int = 1
    ingests: int = 1
    connectors: int = 1
    collectors: int = 1
    partitions: int = 1
    concurrency: int = 2
    batch: int = 5_000
    streams: int = 1
    copies: int = 1
    databases: int = 1
    log_bandwidth: float = 1e9
    body: int = 10_000
    posts: int = 8

    @property
    def cores(self) -> float:
        """All cores together."""
        if self.shared_cores is not None:
            return self.shared_cores
        functions = self.machines * self.machine_cores
        brokers = max(self.streams, self.copies) * self.broker_cores
        return functions + brokers + self.databases * self.database_cores


LAYOUTS: Final = {
    "laptop": Layout(shared_cores=2),
    "one-4": Layout(shared_cores=4),
    "one-8": Layout(shared_cores=8, ingests=2, collectors=2, concurrency=4),
    "apart-16": Layout(
        machines=2, gateways=2, ingests=2, collectors=2, concurrency=4,
        broker_cores=2, database_cores=6,
    ),
    "apart-32": Layout(
        machines=4, gateways=2, ingests=3, connectors=2, collectors=3, concurrency=4,
        database_cores=12,
    ),
    "apart-48": Layout(
        machines=6, gateways=4, ingests=6, connectors=4, collectors=4, concurrency=4,
        database_cores=20,
    ),
    "sources-64": Layout(
        machines=9, gateways=4, ingests=8, connectors=6, collectors=6, concurrency=4,
        streams=1, databases=2, database_cores=12,
    ),
    "shards-100": Layout(
        machines=12, gateways=6, ingests=10, connectors=4, collectors=4, partitions=2,
        streams=3, databases=4, database_cores=10,
    ),
}  # fmt: skip
"""From one machine of two cores to about a hundred cores."""
