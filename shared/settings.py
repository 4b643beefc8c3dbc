"""Every setting; its variable's name is the field's in capitals.

shared/given.py says where a value comes from.

msgspec rather than pydantic-settings: it is already there for the events, and a function that
wakes from zero replicas does not pay for a second validator.
"""

from functools import lru_cache
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from shared.given import given
from shared.secrecy import SECRET, Guarded, secrets_of

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


class Settings(Guarded, frozen=True, kw_only=True):
    """The settings of one process. Sizes are bytes, times are seconds; secrets are not shown."""

    secrets_dir: Annotated[
        str, Meta(description="Folder with a file per secret, named like database-url.")
    ] = "/var/openfaas/secrets"
    role: Annotated[
        str,
        Meta(
            description="What a container runs: a function such as fb-consume, or connector, "
            "gateway, prepare."
        ),
    ] = ""

    # Serving
    host: Annotated[str, Meta(description="Address that the function listens on.")] = "0.0.0.0"  # noqa: S104 - containers are reached from outside; the local platform sets 127.0.0.1
    port: Annotated[int, Meta(description="Port that the function listens on.", ge=0, le=65535)] = (
        8080
    )
    listen_fd: Annotated[
        int | None, Meta(description="Inherited listening socket, instead of HOST and PORT.")
    ] = None
    log_level: Annotated[str, Meta(description="DEBUG, INFO, WARNING or ERROR.")] = "INFO"
    log_share: Annotated[
        float,
        Meta(
            description="Share of successful requests and deliveries that is logged; others all.",
            ge=0,
            le=1,
        ),
    ] = 1.0
    otel_exporter_otlp_endpoint: Annotated[
        str,
        Meta(description="Base URL of an OTLP/HTTP receiver of spans (extra `otel`), or ''."),
    ] = ""
    max_inflight: Annotated[
        int, Meta(description="Requests in flight per process; more answer 429.", ge=1)
    ] = 256
    idle_timeout: Annotated[
        float,
        Meta(
            description="Seconds that a connection stays open without a complete request head.",
            gt=0,
        ),
    ] = 75
    drain_delay: Annotated[
        float, Meta(description="Seconds to go on accepting after SIGTERM.", ge=0)
    ] = 0
    drain_timeout: Annotated[
        float, Meta(description="Seconds that requests in flight have to end after SIGTERM.", gt=0)
    ] = 25
    instance: Annotated[
        str, Meta(description="Name of this replica in the lines that it logs, or ''.")
    ] = ""

    # Provider API of the local platform
    basic_auth_user: Annotated[
        str,
        Meta(
            description="User of the provider API (OpenFaaS' secret basic-auth-user).",
            extra=SECRET,
        ),
    ] = "admin"
    basic_auth_password: Annotated[
        str,
        Meta(
            description="Password of the provider API; '' allows this machine only.", extra=SECRET
        ),
    ] = ""

    # Who may call
    auth: Annotated[
        Literal["auto", "keys", "none"],
        Meta(
            description="keys: every caller needs an API key or token; none: nobody does; auto: "
            "keys, unless the function listens on 127.0.0.1 only."
        ),
    ] = "auto"
    key_rate: Annotated[
        float,
        Meta(
            description="Requests a second of a caller with a token, and of new keys; 0 is "
            "without limit.",
            ge=0,
        ),
    ] = 1_000
    hookstream_api_key: Annotated[
        str, Meta(description="API key or token that the command line sends.", extra=SECRET)
    ] = ""
    delivery_key: Annotated[
        str,
        Meta(
            description="What connector and collectors share, so that nobody else delivers.",
            extra=SECRET,
        ),
    ] = ""
    oidc_issuer: Annotated[
        str, Meta(description="Issuer of bearer tokens (JWT) that are accepted; '' takes none.")
    ] = ""
    oidc_audience: Annotated[str, Meta(description="Audience that tokens have to name.")] = ""
    oidc_jwks_url: Annotated[
        str, Meta(description="Where the issuer's keys are: its jwks_uri, by https.")
    ] = ""
    oidc_algorithms: Annotated[
        str, Meta(description="Signature algorithms of tokens, separated by commas.")
    ] = "RS256,ES256,EdDSA"
    oidc_scope_claim: Annotated[
        str, Meta(description="Claim with a token's scopes: words in a text, or a list.")
    ] = "scope"

    # Ingest
    max_body_bytes: Annotated[
        int, Meta(description="Largest request body, as sent and inflated.", ge=KIB)
    ] = 32 * MIB
    max_inflate_ratio: Annotated[
        int, Meta(description="Most inflated bytes per byte sent, past the first MiB.", ge=2)
    ] = 200
    max_events_per_request: Annotated[
        int, Meta(description="Most events in one request.", ge=1)
    ] = 50_000
    max_event_bytes: Annotated[int, Meta(description="Largest single event.", ge=KIB)] = 64 * KIB
    max_inflight_bytes: Annotated[
        int,
        Meta(
            description="Bytes of bodies held at once, as sent and inflated; more answer 429.",
            ge=MIB,
        ),
    ] = 64 * MIB
    body_timeout: Annotated[
        float, Meta(description="Seconds in which a request body has to arrive.", gt=0)
    ] = 30
    publish_timeout: Annotated[
        float, Meta(description="Seconds to wait for the stream's acknowledgement.", gt=0)
    ] = 10
    publish_patience: Annotated[
        float,
        Meta(description="Seconds without any acknowledgement that make the stream away.", gt=0),
    ] = 0.7
    quarantine_max_events: Annotated[
        int,
        Meta(
            description="Most refused events of a request that become dead letters; "
            "the answer names all of them.",
            ge=0,
        ),
    ] = 1_000

    # Who may send events
    facebook_app_secrets: Annotated[
        str,
        Meta(
            description="App secrets that sign Facebook's requests, two at most, separated by a "
            "comma; '' takes none.",
            extra=SECRET,
        ),
    ] = ""
    facebook_verify_token: Annotated[
        str,
        Meta(
            description="What Facebook sends as hub.verify_token; '' answers nobody.", extra=SECRET
        ),
    ] = ""
    tiktok_client_secrets: Annotated[
        str,
        Meta(
            description="Client secrets that sign TikTok's requests, two at most, separated by a "
            "comma; '' takes none.",
            extra=SECRET,
        ),
    ] = ""
    webhook_secrets: Annotated[
        str,
        Meta(
            description="Secrets (whsec_…) that sign requests by Standard Webhooks, two at most, "
            "separated by a comma; '' takes none.",
            extra=SECRET,
        ),
    ] = ""
    signature_tolerance: Annotated[
        float,
        Meta(description="Most seconds between a signature's timestamp and the present.", gt=0),
    ] = 300
    publisher_interval: Annotated[
        float,
        Meta(
            description="Seconds within which a publisher sends something, for the alert that "
            "ingestion is silent; 0: none is configured.",
            ge=0,
        ),
    ] = 0

    # Stream
    nats_url: Annotated[
        str,
        Meta(
            description="NATS servers, separated by commas; `?user=…&password_file=…` names a "
            "login, `sslrootcert`, `sslcert`, `sslkey` the files of `tls://`.",
            extra=SECRET,
        ),
    ] = "nats://127.0.0.1:4222"
    nats_logins: Annotated[
        str,
        Meta(
            description="For `hookstream up` with NATS_URL: USER:PASSWORD of each user of "
            "infra/nats/users.conf, separated by commas; '' has all of them go by NATS_URL.",
            extra=SECRET,
        ),
    ] = ""
    broker_url: Annotated[
        str,
        Meta(
            description="SQS queues in place of NATS, as sqs://HOST/ACCOUNT/PREFIX: PREFIX begins "
            "the queues' names, an empty HOST is the region's. Needs the extra aws."
        ),
    ] = ""
    sqs_max_bytes: Annotated[
        int,
        Meta(
            description="Bytes that a message and a request may have on SQS, which takes 1 MiB.",
            ge=128 * KIB,
            le=MIB,
        ),
    ] = 256 * KIB
    stream_max_bytes: Annotated[
        int, Meta(description="Bytes that EVENTS may hold; full, it refuses new events.", ge=MIB)
    ] = 16 * GIB
    stream_high_watermark: Annotated[
        float,
        Meta(description="Share of EVENTS' limit from which ingest answers 503.", gt=0, le=1),
    ] = 0.9
    stream_low_watermark: Annotated[
        float,
        Meta(description="Share of EVENTS' limit below which it accepts again.", gt=0, le=1),
    ] = 0.8
    stream_disk: Annotated[
        str, Meta(description="Folder on the disk of EVENTS, where ingest can see that; or ''.")
    ] = ""
    stream_disk_reserve: Annotated[
        int, Meta(description="Free bytes of STREAM_DISK below which ingest answers 503.", ge=0)
    ] = 512 * MIB
    stream_keep_bytes: Annotated[
        int, Meta(description="Bytes of processed messages that EVENTS keeps for replay.", ge=0)
    ] = 8 * GIB
    dead_letter_max_bytes: Annotated[
        int, Meta(description="Bytes that DEADLETTER may hold.", ge=MIB)
    ] = 2 * GIB
    stream_replicas: Annotated[
        int, Meta(description="Copies of each stream (3 in clusters).", ge=1, le=5)
    ] = 1
    pack_max_events: Annotated[
        int, Meta(description="Most events in one packed message.", ge=1)
    ] = 500
    pack_max_bytes: Annotated[
        int, Meta(description="Largest packed message; below the server's max_payload.", ge=KIB)
    ] = 512 * KIB

    # Connector
    functions_url: Annotated[str, Meta(description="Base URL of the functions.")] = (
        "http://127.0.0.1:8080/function"
    )
    fb_consume_url: Annotated[
        str | None,
        Meta(
            description="URL of fb-consume where it is not below FUNCTIONS_URL, or ARN on Lambda."
        ),
    ] = None
    ttk_consume_url: Annotated[
        str | None,
        Meta(
            description="URL of ttk-consume where it is not below FUNCTIONS_URL, or ARN on Lambda."
        ),
    ] = None
    invoke_concurrency: Annotated[
        int, Meta(description="Most invocations of a function in flight from one connector.", ge=1)
    ] = 2
    invoke_max_events: Annotated[int, Meta(description="Most events in one invocation.", ge=1)] = (
        5_000
    )
    invoke_max_messages: Annotated[
        int, Meta(description="Most packed messages in one invocation.", ge=1)
    ] = 256
    invoke_linger: Annotated[
        float,
        Meta(
            description="Seconds between invocations that are not full, to let batches grow.", ge=0
        ),
    ] = 0.1
    invoke_timeout: Annotated[
        float, Meta(description="Seconds in which an invocation has to answer.", gt=0)
    ] = 60
    ack_wait: Annotated[
        float,
        Meta(description="Seconds after which an unacknowledged message is redelivered.", gt=0),
    ] = 30
    max_ack_pending: Annotated[
        int, Meta(description="Most delivered, unacknowledged messages per consumer.", ge=1)
    ] = 512
    retry_base: Annotated[float, Meta(description="First delay before a redelivery.", gt=0)] = 0.25
    retry_max: Annotated[float, Meta(description="Longest delay before a redelivery.", gt=0)] = 30
    retry_after_max: Annotated[
        float, Meta(description="Longest delay that a function's Retry-After obtains.", ge=0)
    ] = 300
    max_attempts: Annotated[
        int,
        Meta(
            description="Failures that a function names (batchItemFailures) until a message's "
            "events become dead letters; 0 is without end. Outages do not count.",
            ge=0,
        ),
    ] = 20

    # Store
    database_url: Annotated[str, Meta(description="PostgreSQL, as a libpq URI.", extra=SECRET)] = (
        "postgresql://127.0.0.1:5432/hookstream"
    )
    database_logins: Annotated[
        str, Meta(description="For `up`, `migrate --roles`: LOGIN:PASSWORD,…", extra=SECRET)
    ] = ""
    database_pool_size: Annotated[int, Meta(description="Most connections per process.", ge=1)] = 4
    database_timeout: Annotated[
        float, Meta(description="Seconds to wait for a connection.", gt=0)
    ] = 5
    statement_timeout: Annotated[float, Meta(description="Longest report query.", gt=0)] = 10
    report_memory: Annotated[
        int, Meta(description="Bytes of events' columns that a report function holds.", ge=MIB)
    ] = GIB
    export_timeout: Annotated[
        float,
        Meta(description="Longest time to read all groups of a report for CSV and such.", gt=0),
    ] = 300
    database_secret_arn: Annotated[
        str,
        Meta(description="On Lambda: the secret that is DATABASE_URL, or has what RDS writes."),
    ] = ""
    database_endpoint: Annotated[
        str, Meta(description="On Lambda: host in place of the secret's, such as RDS Proxy's.")
    ] = ""
    nats_secret_arn: Annotated[
        str, Meta(description="On Lambda: the secret in Secrets Manager that is NATS_URL.")
    ] = ""
    rows_keep_days: Annotated[
        int,
        Meta(description="Days that events' rows are kept; 0 is for ever. Rollups stay.", ge=0),
    ] = 0
    migrate_on_start: Annotated[
        bool, Meta(description="Collectors apply pending migrations when they start.")
    ] = True


_FIELDS = {field.name: field for field in msgspec.structs.fields(Settings)}

SECRETS = secrets_of(Settings)
"""The names of the settings that are secrets."""


@lru_cache(maxsize=1)
def settings() -> Settings:
    """Return the process's settings, read once.

    Raises ValueError naming the variable that does not parse, or the file that cannot be read.
    """
    given = {name: text for name in _FIELDS if (text := given_text(name)) is not None}
    try:
        return msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        variable = str(error).rpartition("$.")[2].rstrip("`").upper()
        raise ValueError(f"setting {variable}: {error}") from error


def given_text(name: str) -> str | None:
    """Return what was given for a setting, e.g. `database_url`; None if its default counts.

    Raises ValueError if it is given twice, or in a file that cannot be read.
    """
    return given(name, _FIELDS["secrets_dir"].default if name in SECRETS else "")
