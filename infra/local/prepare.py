"""Brings database and streams up to date: `python -m infra.local.prepare`, once per `up`.

`--invocations` has it ensure the stream of the local platform's asynchronous invocations as well.
A process of its own, so that the supervisor stays small.
"""

import asyncio
import logging
import sys

from infra.local.invocations.messages import invocations_stream
from shared.settings import settings
from shared.store.migrations import migrate
from shared.stream.topology import ensure_streams
from shared.telemetry import configure_logging, fields


def main() -> None:
    """Apply the pending migrations and create or update the streams."""
    chosen = settings()
    queue = [invocations_stream(chosen.stream_replicas)] if "--invocations" in sys.argv[1:] else []
    configure_logging("prepare", chosen.log_level)
    applied = migrate(chosen.database_url)
    asyncio.run(ensure_streams(chosen.nats_url, *queue))
    logging.getLogger(__name__).info("prepared", extra=fields(migrations=applied))


if __name__ == "__main__":
    main()
