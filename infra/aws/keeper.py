"""The connector's upkeep of the database for where no connector runs: a scheduled function.

`infra.aws.keeper.handle` does each round once. Several may do so at once, and any may be ended
anywhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from infra.connector.row_retention import RowRetentionKeeper
from infra.connector.second_rollups import SecondRollupKeeper
from infra.connector.segment_folding import SegmentFolder
from infra.connector.segment_merging import SegmentMerger
from shared.aws.secrets import fetch_secrets
from shared.settings import Settings, settings
from shared.store.copying import prepare
from shared.store.pool import Database
from shared.telemetry import configure_logging


async def keep(chosen: Settings) -> None:
    """Merge, fold, roll up and expire what there is to. Raises Problem."""
    database = Database(chosen, "keeper", configure=prepare)
    await database.open()
    try:
        for work in _rounds(database, chosen.rows_keep_days):
            await work()
    finally:
        await database.close()


def _rounds(database: Database, keep_days: int) -> Sequence[Callable[[], Awaitable[None]]]:
    expiring = [RowRetentionKeeper(database, keep_days).expire] if keep_days else []
    return (
        SegmentMerger(database).merge,
        SegmentFolder(database).fold,
        SecondRollupKeeper(database).roll_up,
        *expiring,
    )


def handle(_event: object, _context: object) -> None:
    """Do one round, with secrets as they are now."""
    asyncio.run(_run())


async def _run() -> None:
    await fetch_secrets()
    chosen = settings()
    configure_logging("keeper", chosen.log_level, share=chosen.log_share)
    await keep(chosen)
