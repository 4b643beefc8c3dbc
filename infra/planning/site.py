"""Puts the programs of a layout on their machines."""

from itertools import cycle

from infra.planning.layout import Layout
from infra.planning.parts import Machine, Permits, Program
from infra.planning.simulation import Simulation

SOURCES = ("facebook", "tiktok")
HOUSEKEEPERS = 3
"""PostgreSQL's processes that work beside the transactions: checkpoints, log, vacuum."""


class Site:
    """A layout's programs.

    Streams and databases are lists of equals; `stream_locks` are held while a message is written
    and synced, `logs` are the devices of the databases' write-ahead logs.
    """

    def __init__(self, layout: Layout, simulation: Simulation) -> None:
        self._simulation = simulation
        self._layout = layout
        shared = layout.shared_cores
        everything = None if shared is None else simulation.machine("cores", shared)
        functions = [everything] if everything else self._machines("functions", layout.machines)
        self._functions = cycle(functions)
        brokers = max(layout.streams, layout.copies)
        self.brokers = [
            simulation.program(
                "broker", everything or self._machine("a broker", layout.broker_cores)
            )
            for _ in range(brokers)
        ]
        self.stream_locks = [simulation.permits("stream", 1) for _ in range(layout.streams)]
        self.databases = [
            everything or self._machine("a database", layout.database_cores)
            for _ in range(layout.databases)
        ]
        self.logs = [
            simulation.program("write-ahead log", simulation.machine("write-ahead log", 1))
            for _ in range(layout.databases)
        ]
        self.housekeeping = [
            cycle(self._programs("housekeeping", HOUSEKEEPERS, database))
            for database in self.databases
        ]
        self.publisher = simulation.program(
            "publisher", everything or simulation.machine("publisher", 1)
        )
        self.gateways = cycle(self.replicas("gateway", layout.gateways))
        self.ingest = cycle(self.replicas("ingest", layout.ingests))
        self.connectors = self.replicas("connector", layout.connectors)

    def replicas(self, name: str, number: int) -> list[Program]:
        """Return so many programs, dealt out to the machines of the functions."""
        return [self._simulation.program(name, next(self._functions)) for _ in range(number)]

    def backend(self, database: int) -> Program:
        """Return one more connection's process."""
        return self._simulation.program("database connection", self.databases[database])

    def lock(self, name: str, number: int = 1) -> Permits:
        """Return what so many may hold at once."""
        return self._simulation.permits(name, number)

    def _machines(self, name: str, number: int) -> list[Machine]:
        return [self._machine(name, self._layout.machine_cores) for _ in range(number)]

    def _machine(self, name: str, cores: float) -> Machine:
        return self._simulation.machine(f"cores of {name}", cores)

    def _programs(self, name: str, number: int, machine: Machine) -> list[Program]:
        return [self._simulation.program(name, machine) for _ in range(number)]
