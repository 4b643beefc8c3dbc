"""Brings database and streams up to date: `python -m infra.local.prepare`, once per `up`.

`--invocations` has it ensure the stream of the local platform's asynchronous invocations as well.
A process of its own, so that the supervisor stays small.
"""

import asyncio
import logging
import sys

from infra.local.invocations.messages import invocations_stream
from shared.settings import settings
from shared.store.kinds import read_logins
from shared.store.migrations import migrate
from shared.store.roles import establish, grant
from shared.stream.topology import ensure_streams
from shared.telemetry import configure_logging, fields


def main() -> None:
    """Apply the pending migrations, give rights, and create or update the streams.

    Logins that the settings give, beside the owner's, are made if they are not there.
    """
    chosen = settings()
    queue = [invocations_stream(chosen.stream_replicas)] if "--invocations" in sys.argv[1:] else []
    configure_logging("prepare", chosen.log_level)
    applied = migrate(chosen.database_url)
    logins, owner = read_logins(chosen.database_logins), chosen.database_url
    groups = establish(owner, logins) if logins else grant(owner)
    asyncio.run(ensure_streams(chosen.nats_url, *queue))
    logging.getLogger(__name__).info("prepared", extra=fields(migrations=applied, roles=groups))


if __name__ == "__main__":
    main()
