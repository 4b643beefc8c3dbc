"""Runs the queue worker: `python -m infra.local.invocations`, started by the supervisor."""

from infra.local.invocations.worker import QueueWorker
from shared.serve import run, serve
from shared.settings import settings
from shared.telemetry import configure_logging
from shared.web import Function

if __name__ == "__main__":
    configure_logging("queue-worker", settings().log_level)
    run(serve(Function("queue-worker", QueueWorker), settings()))
