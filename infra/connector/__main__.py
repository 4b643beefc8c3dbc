"""Runs the connector: `python -m infra.connector`. Its settings are in shared/settings.py."""

from infra.connector.connector import Connector
from shared.serve import run, serve
from shared.settings import settings
from shared.telemetry import configure_logging
from shared.tracing import configure_tracing
from shared.web import Function

if __name__ == "__main__":
    configure_logging("connector", settings().log_level, share=settings().log_share)
    configure_tracing("connector", settings().otel_exporter_otlp_endpoint)
    run(serve(Function("connector", Connector), settings()))
