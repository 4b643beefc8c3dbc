"""The template on a real LocalStack: what is posted to a function URL comes out of a report.

LocalStack does not enforce IAM, nor the authentication of function URLs, and has no RDS Proxy.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from builders import facebook, tiktok
from deploy.aws_stack import AwsStack, deploy
from deploy.environments import UnavailableError, environment
from deploy.localstack import ACCOUNT, LocalStack, running
from stack import until

from infra.connector.invocation import OutageError, RefusalError, Target, invoke
from infra.local.servers import Servers, embedded
from shared.batch import StoredMessage
from shared.settings import Settings
from shared.stream.packing import Origin, Pack, join
from shared.stream.sqs import SqsBroker

PATIENCE = 120
NAME = "hook"

if sys.platform != "linux":
    pytest.skip("Lambda's runtime client runs on Linux alone", allow_module_level=True)


@dataclass(frozen=True)
class Deployed:
    """The stack and the database behind it."""

    stack: AwsStack
    servers: Servers

    def totals(self) -> dict[str, int]:
        """Return the number of events by source, as the report has it."""
        answer = self.stack.ask("ReportEventsUrl", params={"groupBy": "source"})
        if answer.status_code == 503:  # no collector has made the schema yet
            return {}
        assert answer.status_code == 200, answer.text
        return {group["source"]: group["count"] for group in answer.json()["groups"]}

    def settled(self, event: dict[str, Any]) -> int:
        """Post an event; return how many there are of its source once no message waits."""
        source = event["source"]
        self.stack.ask("IngestUrl", "POST", json=[event])
        until(lambda: source in self.totals(), PATIENCE)
        until(lambda: self.stack.waiting(f"events-{source}") == 0, PATIENCE)
        return self.totals()[source]

    def letters(self, source: str) -> list[dict[str, Any]]:
        """Return what lies in the dead-letter queue of a source."""
        return self.stack.taken(f"deadletter-{source}")


@pytest.fixture(scope="module")
def aws(scratch: Path) -> Iterator[LocalStack]:
    """Run LocalStack; skips, and says so, where it cannot be installed."""
    try:
        programs = environment("localstack")
    except UnavailableError as error:
        pytest.skip(
            "LocalStack cannot be installed: the template, SQS, event source mappings and the"
            f" connector's calls of Lambda are NOT exercised here ({error})"
        )
    folder = scratch / "localstack"
    folder.mkdir()
    with running(programs, folder) as found:
        yield found


@pytest.fixture(scope="module")
def deployed(aws: LocalStack, scratch: Path) -> Iterator[Deployed]:
    with embedded(scratch / "aws") as servers:
        secret = aws.client("secretsmanager").create_secret(
            Name="database", SecretString=servers.postgres.url
        )
        stack = deploy(
            aws,
            NAME,
            Stage="dev",
            DatabaseSecretArn=secret["ARN"],
            DatabaseSslMode="prefer",
            # Time for a cold start on a slow machine, three times over.
            VisibilityTimeout="10",
            MaxReceiveCount="3",
        )
        yield Deployed(stack, servers)


@pytest.fixture(scope="module")
def credentials(aws: LocalStack) -> Iterator[None]:
    """Have this process take LocalStack for AWS."""
    with pytest.MonkeyPatch.context() as patch:
        for name, text in aws.environment.items():
            patch.setenv(name, text)
        yield


def publish(*events: bytes) -> None:
    """Put one pack of Facebook events into the queue, unchecked."""
    chosen = Settings(broker_url=f"sqs:///{ACCOUNT}/{NAME}-")
    pack = Pack("facebook", join(events), [(Origin("unchecked", datetime.now(UTC)), len(events))])

    async def scenario() -> None:
        broker = SqsBroker(chosen)
        try:
            await broker.publish(pack)
        finally:
            await broker.close()

    asyncio.run(scenario())


def raw(**changes: object) -> bytes:
    return json.dumps(facebook(**changes)).encode()  # type: ignore[arg-type]  # by name


@pytest.mark.usefixtures("credentials")
def test_490_of_500_events_are_stored_and_10_are_dead_letters(deployed: Deployed) -> None:
    stack = deployed.stack
    refused = [facebook(age=-1), facebook(timestamp="yesterday"), facebook(eventId="")]
    odd = {"source": "myspace", "eventId": "of nobody"}
    sent = [*(facebook() for _ in range(230)), *(tiktok() for _ in range(229)), *refused, odd]
    for part in (sent[::2], sent[1::2]):
        answer = stack.ask("IngestUrl", "POST", json=part)
        assert answer.status_code == 200, answer.text
        assert answer.json()["quarantined"] == answer.json()["rejected"]
    # What ingest would not let through: three events that can never be stored, among others.
    poison = [raw(age=-2), raw().replace(b'"age": 36', b'"age": NaN'), raw(userId="a\0b")]
    publish(*(raw() for _ in range(15)), *poison[:2], *(raw() for _ in range(16)), poison[2])
    # Three messages that nobody can read; SQS itself gives them up.
    damaged = [publish_damaged(stack) for _ in range(3)]
    assert len(sent) + 31 + len(poison) + len(damaged) == 500

    until(lambda: deployed.totals() == {"facebook": 261, "tiktok": 229}, PATIENCE)
    until(lambda: stack.waiting("events-facebook") == 0, PATIENCE)
    until(lambda: stack.waiting("events-tiktok") == 0, PATIENCE)
    assert deployed.totals() == {"facebook": 261, "tiktok": 229}
    assert stack.waiting("deadletter-facebook") == 9
    assert stack.waiting("deadletter-unknown") == 1
    assert stack.waiting("deadletter-tiktok") == 0
    assert reasons(deployed.letters("facebook")) == Counter(
        {
            ("ingest", "out_of_range"): 1,
            ("ingest", "invalid_timestamp"): 1,
            ("ingest", "too_short"): 1,
            ("consume", "out_of_range"): 1,
            ("consume", "malformed_json"): 1,
            ("consume", "nul_character"): 1,
            ("", ""): 3,
        }
    )
    with psycopg.connect(deployed.servers.postgres.url) as connection:
        [(rows,)] = connection.execute("select count(*) from events").fetchall()
    assert rows == 490


def publish_damaged(stack: AwsStack) -> str:
    """Put a message into the queue whose event was changed on its way; return its body."""
    body = json.dumps([facebook()])
    stack.aws.client("sqs").send_message(
        QueueUrl=stack.queue("events-facebook"),
        MessageBody=body,
        MessageAttributes={
            "Hookstream-Checksum": {"DataType": "String", "StringValue": "of something else"}
        },
    )
    return body


def reasons(messages: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """Return how many letters have which stage and code; those of SQS itself have none."""
    found: Counter[tuple[str, str]] = Counter()
    for message in messages:
        attributes = message.get("MessageAttributes", {})
        names = ("Hookstream-Stage", "Hookstream-Code")
        stage, code = (attributes.get(name, {}).get("StringValue", "") for name in names)
        found[stage, code] += 1
    return found


def test_an_event_counts_once_however_often_it_is_posted(deployed: Deployed) -> None:
    stack = deployed.stack
    before = deployed.settled(tiktok())
    events = [tiktok() for _ in range(5)]
    for _ in range(4):
        assert stack.ask("IngestUrl", "POST", json=events).status_code == 200
    until(lambda: stack.waiting("events-tiktok") == 0, PATIENCE)
    assert deployed.totals()["tiktok"] == before + 5


def test_a_corrected_letter_is_stored_after_sqs_moved_it_back(deployed: Deployed) -> None:
    """Once a database that refused an event takes it, SQS' own redrive is all that is needed."""
    url = deployed.servers.postgres.url
    stack = deployed.stack
    before = deployed.settled(tiktok())
    with closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(
            "alter table events add constraint refuses check (user_id <> 'odd') not valid"
        )
        answer = stack.ask("IngestUrl", "POST", json=[tiktok(), tiktok(userId="odd"), tiktok()])
        assert answer.json()["accepted"] == 3
        until(lambda: stack.waiting("deadletter-tiktok") == 1, PATIENCE)
        until(lambda: deployed.totals()["tiktok"] == before + 2, PATIENCE)
        connection.execute("alter table events drop constraint refuses")
    # With a destination, for a letter that was sent here itself has no queue that it came from.
    arn = f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{NAME}-"
    stack.aws.client("sqs").start_message_move_task(
        SourceArn=f"{arn}deadletter-tiktok", DestinationArn=f"{arn}events-tiktok"
    )
    until(lambda: deployed.totals()["tiktok"] == before + 3, PATIENCE)
    until(lambda: stack.waiting("deadletter-tiktok") == 0, PATIENCE)


def test_other_functions_answer_on_their_urls(deployed: Deployed) -> None:
    deployed.settled(facebook())
    for name in ("Revenue", "Demographics", "Funnel"):
        answer = deployed.stack.ask(f"Report{name}Url")
        assert answer.status_code == 200, answer.text
    page = deployed.stack.ask("ReportDashboardUrl")
    assert page.status_code == 200
    assert page.text.startswith("<!doctype html>")


def deliver(arn: str, *events: bytes, sequence: int = 1) -> Any:  # noqa: ANN401 - any answer
    """Invoke a collector as the connector does."""
    pack = Pack("facebook", join(events), [(Origin("from NATS", datetime.now(UTC)), len(events))])
    content, headers = pack.message()
    message = StoredMessage("EVENTS", sequence, "facebook", datetime.now(UTC), headers, content)

    async def scenario() -> Any:  # noqa: ANN401 - as above
        async with aiohttp.ClientSession() as session:
            return await invoke(session, Target("fb-consume", arn, 60), [message])

    return asyncio.run(scenario())


@pytest.mark.usefixtures("credentials")
def test_the_connector_invokes_a_collector(deployed: Deployed) -> None:
    arn = deployed.stack.outputs["FbConsumeArn"]
    before = deployed.settled(facebook())
    answer = deliver(arn, raw(), raw(age=-3), raw())
    assert not answer.batchItemFailures
    assert [(each.itemIdentifier, each.index) for each in answer.rejected] == [("EVENTS:1", 1)]
    assert deployed.totals()["facebook"] == before + 2
    with pytest.raises(RefusalError):
        deliver(arn, b"NaN")
    with pytest.raises(OutageError):
        deliver(arn.replace("FbConsume", "Nobody"), raw())


@pytest.mark.usefixtures("credentials")
def test_an_outage_behind_lambda_is_one_to_the_connector(deployed: Deployed) -> None:
    arn = deployed.stack.outputs["FbConsumeArn"]
    deployed.servers.postgres.stop()
    try:
        with pytest.raises(OutageError):
            deliver(arn, raw(), sequence=2)
    finally:
        deployed.servers.postgres.start()
