"""Runs one role on AWS Lambda: hands each kind of event to what understands it."""

import asyncio
import logging
import sys
from functools import cached_property

import uvloop

from shared.aws import function_url, invocations, sqs_events
from shared.aws.secrets import fetch_secrets
from shared.serve import load_function
from shared.settings import given_text, settings
from shared.stream.broker import EventBroker, event_broker
from shared.stream.dead_letters import DeadLetter
from shared.telemetry import configure_logging
from shared.tracing import configure_tracing, flush_tracing


class Runtime:
    """A role in one execution environment, in which one event is handled at a time.

    Between two events the environment is frozen, with its connections. A connection that has
    died meanwhile is noticed by who borrows it: the database's pool looks, SQS is asked again.
    """

    def __init__(self, role: str) -> None:
        self._role = role
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._runner.run(fetch_secrets())
        chosen = settings()
        configure_logging(role, chosen.log_level, share=chosen.log_share)
        configure_tracing(role, chosen.otel_exporter_otlp_endpoint)
        self._function = load_function(role)
        self._runner.run(self._open())

    async def _open(self) -> None:
        await self._function.open()

    @cached_property
    def _broker(self) -> EventBroker:
        return event_broker(settings(), self._role)

    def handle(self, event: object, _context: object) -> object:
        """Handle an event. Raises what makes Lambda deliver it again."""
        try:
            return self._runner.run(self._answer(event))
        finally:
            # Nothing runs from here to the next event.
            flush_tracing()
            for handler in logging.getLogger().handlers:
                handler.flush()
            sys.stdout.flush()

    async def _answer(self, event: object) -> object:
        if function_url.is_request(event):
            return await function_url.answer(self._function, event)
        if isinstance(event, dict) and sqs_events.is_batch(event):
            return await sqs_events.consume(self._function, event, self._bury)
        if isinstance(event, dict) and invocations.is_invocation(event):
            return await invocations.answer(self._function, event)
        raise ValueError("the event is of no kind that is known here")

    async def _bury(self, letter: DeadLetter) -> object:
        return await self._broker.bury(letter)


def role_of_environment() -> str:
    """Return the role that ROLE names. Raises ValueError without."""
    role = given_text("role")
    if not role:
        raise ValueError("ROLE is not set: it names the function to run")
    return role
