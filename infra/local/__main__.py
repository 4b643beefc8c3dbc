"""The background process behind `hookstream up --detach`: options come on standard input."""

import asyncio
import logging
import sys

from infra.local.options import Options
from infra.local.state import Status
from infra.local.supervisor import EXPECTED_FAILURES, Supervisor
from shared.settings import settings
from shared.telemetry import configure_logging, fields

logger = logging.getLogger("supervisor")


def main() -> int:
    """Run the stack until told to stop; return the exit code."""
    options = Options.decode(sys.stdin.buffer.read())
    configure_logging("supervisor", settings().log_level)

    def serving(status: Status) -> None:
        logger.info("serving", extra=fields(gateway=status["gateway"]))

    try:
        asyncio.run(Supervisor(options, logger.info).run(serving))
    except EXPECTED_FAILURES as failure:
        logger.error("the stack did not start: %s", failure)  # noqa: TRY400 - the reason is enough
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
