"""Reconciles two live servers: what differs only because it moves agrees a moment later."""

import asyncio
import time
from dataclasses import dataclass

import psycopg
from nats.errors import Error as NatsError

from infra.reconciling.broker import read_broker
from infra.reconciling.checks import reconcile
from infra.reconciling.database import read_database
from infra.reconciling.result import Reconciliation

ATTEMPTS = 3
PAUSE = 0.5
"""Seconds before the records are read again: what the servers know of each other settles."""


class AwayError(Exception):
    """A server does not answer, or has no such streams or tables; the message says which."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the records are; `timeout` bounds each query, in seconds."""

    nats_url: str
    database_url: str
    timeout: float


def reconcile_servers(servers: Servers, *, deep: bool) -> Reconciliation:
    """Reconcile, and again before a difference is called real. Raises AwayError.

    `deep` reads the payloads of all messages that the stream holds and verifies their checksums.
    """
    started = time.monotonic()
    found = _read(servers, deep=deep)
    for _ in range(ATTEMPTS - 1):
        if found.holds:
            break
        time.sleep(PAUSE)
        known = {(difference.source, difference.check) for difference in found.differences}
        found = _read(servers, deep=deep)
        found.differences = [d for d in found.differences if (d.source, d.check) in known]
        found.holds = not found.differences
    found.seconds = round(time.monotonic() - started, 3)
    return found


def _read(servers: Servers, *, deep: bool) -> Reconciliation:
    try:
        broker = asyncio.run(read_broker(servers.nats_url, payloads=deep))
    except (NatsError, OSError, ValueError) as error:
        raise AwayError(f"broker: {str(error) or type(error).__name__}") from error
    try:
        database = read_database(
            servers.database_url, broker.created, broker.last_sequence, servers.timeout
        )
    except psycopg.Error as error:
        raise AwayError(f"database: {str(error) or type(error).__name__}") from error
    return reconcile(broker, database)
