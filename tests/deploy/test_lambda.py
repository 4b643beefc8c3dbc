"""Every role under Lambda's own runtime client, with events as AWS documents them."""

import asyncio
import copy
import json
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import streams
from builders import facebook, tiktok
from deploy.lambda_executor.environment import Environment, InitError
from deploy.manifests import ROOT, roles
from otlp import receiver

from infra.local.servers import Servers, embedded
from shared.aws.invocations import encode_invocation
from shared.batch import StoredMessage
from shared.store.migrations import migrate
from shared.stream.packing import Origin, Pack, join
from shared.stream.sqs_messages import Entry
from shared.stream.topology import ensure_streams

EVENTS = Path(__file__).parent / "events"
HANDLER = "shared.aws.handlers.handle"
ROLE_OF = {"facebook": "fb-consume", "tiktok": "ttk-consume"}
BUILD = {"facebook": facebook, "tiktok": tiktok}

Start = Callable[[str], Environment]

if sys.platform != "linux":
    pytest.skip("Lambda's runtime client runs on Linux alone", allow_module_level=True)


def golden(name: str) -> dict[str, Any]:
    return json.loads((EVENTS / f"{name}.json").read_text())  # type: ignore[no-any-return]


def url_event(method: str = "GET", path: str = "/", query: str = "", body: str = "") -> Any:  # noqa: ANN401 - as documented
    event = golden("function-url")
    event["requestContext"]["http"].update(method=method, path=path)
    event.update(rawPath=path, rawQueryString=query)
    return {**event, "body": body} if body else event


def pack_of(events: Sequence[object]) -> Pack:
    source = "facebook" if "fa-" in json.dumps(events) else "tiktok"
    raws = [json.dumps(event).encode() for event in events]
    return Pack(source, join(raws), [(Origin("golden", datetime.now(UTC)), len(raws))])


def sqs_event(*packs: Pack) -> Any:  # noqa: ANN401 - as documented
    [record] = golden("sqs")["Records"]
    records = []
    for pack in packs:
        entry = Entry.of(*pack.message())
        own = copy.deepcopy(record)
        own["messageId"] = str(uuid.uuid4())
        own["body"] = entry.body
        own["eventSourceARN"] = record["eventSourceARN"].replace("facebook", pack.source)
        own["messageAttributes"] = {
            name: {
                "stringValue": text,
                "stringListValues": [],
                "binaryListValues": [],
                "dataType": "String",
            }
            for name, text in entry.attributes.items()
        }
        records.append(own)
    return {"Records": records}


@pytest.fixture(scope="module")
def servers(scratch: Path) -> Iterator[Servers]:
    with embedded(scratch / "lambda") as running:
        asyncio.run(ensure_streams(running.nats.url))
        migrate(running.postgres.url)
        yield running


@pytest.fixture(scope="module")
def start(servers: Servers) -> Iterator[Start]:
    """Return a function that returns a role's environment, made once."""
    made: dict[str, Environment] = {}

    def start(role: str, handler: str = HANDLER) -> Environment:
        if role not in made:
            variables = {
                "ROLE": role,
                "AUTH": "none",
                "NATS_URL": servers.nats.url,
                "DATABASE_URL": servers.postgres.url,
            }
            made[role] = Environment(sys.executable, handler, ROOT, variables)
        return made[role]

    yield start
    for environment in made.values():
        environment.close()


def total(start: Start, source: str) -> int:
    answer = start("report-events").handle(url_event(query=f"source={source}"))
    assert answer["statusCode"] == 200, answer
    return int(json.loads(answer["body"])["totalEvents"])


def ingest(start: Start, servers: Servers) -> None:
    events = [facebook(), tiktok(), facebook(age=-1)]
    before = len(streams.messages(servers.nats.url))
    answer = start("webhook-ingest").handle(url_event("POST", "/any", body=json.dumps(events)))
    assert answer["statusCode"] == 200, answer
    said = json.loads(answer["body"])
    assert (said["accepted"], said["rejected"], said["quarantined"]) == (2, 1, 1)
    assert said["correlationId"] == answer["headers"]["x-correlation-id"] == "golden"
    assert len(streams.messages(servers.nats.url)) == before + 2


def consume(source: str, start: Start, _servers: Servers) -> None:
    packs = [pack_of([BUILD[source]() for _ in range(count)]) for count in (3, 40)]
    before = total(start, source)
    event = sqs_event(*packs)
    for _ in range(2):
        assert start(ROLE_OF[source]).handle(event) == {"batchItemFailures": []}
        assert total(start, source) == before + 43, "delivered again, it counts once"


def report(role: str, start: Start, _servers: Servers) -> None:
    answer = start(role).handle(url_event(query="source=facebook"))
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["content-type"] == "application/json"
    assert "asOf" in json.loads(answer["body"])
    answer = start(role).handle(url_event(query="format=csv"))
    assert answer["statusCode"] == 200, answer
    assert answer["headers"]["content-type"].startswith("text/csv")
    assert start(role).handle(url_event(query="from=x"))["statusCode"] == 400


def dashboard(start: Start, _servers: Servers) -> None:
    answer = start("report-dashboard").handle(url_event())
    assert answer["statusCode"] == 200
    assert answer["body"].startswith("<!doctype html>")
    answer = start("report-dashboard").handle(url_event(path="/pipeline"))
    assert answer["statusCode"] == 200, answer


def deadletter(start: Start, _servers: Servers) -> None:
    body = json.dumps([facebook(age=-7)])
    start("webhook-ingest").handle(url_event("POST", body=body))
    answer = start("deadletter").handle(url_event())
    assert answer["statusCode"] == 200, answer
    assert json.loads(answer["body"])["letters"]


GOLDEN: dict[str, Callable[[Start, Servers], None]] = {
    "webhook-ingest": ingest,
    "fb-consume": lambda start, servers: consume("facebook", start, servers),
    "ttk-consume": lambda start, servers: consume("tiktok", start, servers),
    "report-events": lambda start, servers: report("report-events", start, servers),
    "report-revenue": lambda start, servers: report("report-revenue", start, servers),
    "report-demographics": lambda start, servers: report("report-demographics", start, servers),
    "report-funnel": lambda start, servers: report("report-funnel", start, servers),
    "report-dashboard": dashboard,
    "deadletter": deadletter,
}


def test_every_role_has_its_golden_events() -> None:
    assert GOLDEN.keys() == roles()


@pytest.mark.parametrize("role", GOLDEN)
def test_a_role_handles_golden_events(role: str, start: Start, servers: Servers) -> None:
    GOLDEN[role](start, servers)


@pytest.mark.parametrize("source", ROLE_OF)
def test_a_collector_answers_the_connector(source: str, start: Start) -> None:
    pack = pack_of([BUILD[source](), {**BUILD[source](), "eventId": ""}])
    content, headers = pack.message()
    message = StoredMessage("EVENTS", 7, source, datetime.now(UTC), headers, content)
    before = total(start, source)
    invocation = json.loads(encode_invocation([message]))
    answer = start(ROLE_OF[source]).handle(invocation)
    assert answer["batchItemFailures"] == []
    [rejected] = answer["rejected"]
    assert (rejected["itemIdentifier"], rejected["index"]) == ("EVENTS:7", 1)
    assert total(start, source) == before + 1


def test_a_batch_that_cannot_be_read_is_refused(start: Start) -> None:
    for payload in ("", "AAAA", "no base64"):
        outcome = start("fb-consume").invoke(json.dumps({"cloudEvents": payload}).encode())
        assert outcome.failed
        assert json.loads(outcome.payload)["errorType"] == "RefusedBatchError"


def test_an_event_of_another_kind_is_an_error(start: Start) -> None:
    outcome = start("fb-consume").invoke(b'{"Records": [{"eventSource": "aws:s3"}]}')
    assert outcome.failed
    assert json.loads(outcome.payload)["errorType"] == "ValueError"


def test_an_outage_fails_the_batch_and_costs_nothing(start: Start, servers: Servers) -> None:
    event = sqs_event(pack_of([facebook()]))
    before = total(start, "facebook")
    servers.postgres.stop()
    try:
        outcome = start("fb-consume").invoke(json.dumps(event).encode())
    finally:
        servers.postgres.start()
    assert outcome.failed
    assert json.loads(outcome.payload)["errorType"] == "FailedBatchError"
    assert start("fb-consume").handle(event) == {"batchItemFailures": []}
    assert total(start, "facebook") == before + 1


def test_a_request_is_logged_before_the_environment_freezes(start: Start) -> None:
    event = url_event(query="groupBy=source")
    outcome = start("report-events").invoke(json.dumps(event).encode())
    [line] = [json.loads(text) for text in outcome.log.splitlines()]
    assert (line["service"], line["correlationId"]) == ("report-events", "golden")


def test_spans_are_sent_before_the_environment_freezes(servers: Servers) -> None:
    with receiver() as received:
        variables = {
            "ROLE": "webhook-ingest",
            "AUTH": "none",
            "NATS_URL": servers.nats.url,
            "LOG_SHARE": "0",
            "OTEL_EXPORTER_OTLP_ENDPOINT": received.url,
            "OTEL_BSP_SCHEDULE_DELAY": "3600000",
        }
        with closing(Environment(sys.executable, HANDLER, ROOT, variables)) as environment:
            event = json.dumps(url_event("POST", body=json.dumps(facebook()))).encode()
            outcome = environment.invoke(event)
            assert outcome.answer["statusCode"] == 200
            assert received.named("POST webhook-ingest")
            assert received.named("publish events.facebook")
    assert '"request"' not in outcome.log, "of what succeeds, LOG_SHARE is logged"


def test_the_keeper_keeps(start: Callable[..., Environment], servers: Servers) -> None:
    events = [facebook() for _ in range(64)]
    for event in events:
        start("fb-consume").handle(sqs_event(pack_of([event])))
    count = "select count(*) from segments"
    with psycopg.connect(servers.postgres.url) as connection:
        [before] = connection.execute(count).fetchone() or (0,)
        assert start("keeper", "infra.aws.keeper.handle").handle({"source": "aws.events"}) is None
        [after] = connection.execute(count).fetchone() or (0,)
    assert after < before


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "ROLE is not set"),
        ({"ROLE": "nobody"}, "unknown role"),
        ({"ROLE": "webhook-ingest", "BROKER_URL": "sqs://"}, "BROKER_URL"),
    ],
)
def test_a_role_that_cannot_start_says_why(variables: dict[str, str], reason: str) -> None:
    environment = Environment(sys.executable, HANDLER, ROOT, variables)
    with closing(environment), pytest.raises(InitError, match=reason):
        environment.start()
