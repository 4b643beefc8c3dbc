"""What one could want to do on NATS, as subjects, and who may."""

from infra.local.nats_users import OPERATOR, USERS

STREAMS = ("EVENTS", "DEADLETTER", "KEYS", "INVOCATIONS")
API = "$JS.API"
COMPONENTS = tuple(user for user in USERS if user != OPERATOR)

_OF_STREAMS = (
    "STREAM.UPDATE",
    "STREAM.DELETE",
    "STREAM.PURGE",
    "STREAM.CREATE",
    "STREAM.INFO",
    "STREAM.MSG.GET",
    "STREAM.MSG.DELETE",
    "STREAM.SNAPSHOT",
    "STREAM.RESTORE",
    "STREAM.LEADER.STEPDOWN",
    "STREAM.PEER.REMOVE",
    "DIRECT.GET",
    "CONSUMER.CREATE",
    "CONSUMER.NAMES",
    "CONSUMER.LIST",
)
_OF_CONSUMERS = (
    "CONSUMER.CREATE",
    "CONSUMER.DURABLE.CREATE",
    "CONSUMER.DELETE",
    "CONSUMER.INFO",
    "CONSUMER.PAUSE",
    "CONSUMER.MSG.NEXT",
    "CONSUMER.UNPIN",
    "CONSUMER.LEADER.STEPDOWN",
)
_CONSUMERS = (
    "EVENTS.facebook-collector",
    "EVENTS.tiktok-collector",
    "EVENTS.mine",
    "DEADLETTER.mine",
    "KEYS.mine",
    "INVOCATIONS.invocations-calls",
    "INVOCATIONS.invocations-results",
    "INVOCATIONS.mine",
)

PUBLISH = (
    "events.facebook",
    "events.tiktok",
    "events.other",
    "events.facebook.more",
    "deadletter.facebook",
    "deadletter.unknown",
    "keys.live",
    "invocations.calls.report-events",
    "invocations.results.report-events",
    "elsewhere",
    "_INBOX.connector.x",
    "$SYS.REQ.SERVER.PING",
    f"{API}.INFO",
    f"{API}.STREAM.NAMES",
    f"{API}.STREAM.LIST",
    f"{API}.STREAM.CREATE.MINE",
    f"{API}.META.LEADER.STEPDOWN",
    f"{API}.DIRECT.GET.EVENTS.events.facebook",
    f"{API}.DIRECT.GET.DEADLETTER.deadletter.facebook",
    f"{API}.DIRECT.GET.KEYS.keys.live",
    *(f"{API}.{verb}.{stream}" for verb in _OF_STREAMS for stream in STREAMS),
    *(f"{API}.{verb}.{consumer}" for verb in _OF_CONSUMERS for consumer in _CONSUMERS),
    *(f"$JS.ACK.{consumer}.1.1.1.1.0" for consumer in _CONSUMERS),
    *(f"$JS.FC.{stream}.x.y" for stream in STREAMS),
)

SUBSCRIBE = (
    ">",
    "events.>",
    "events.facebook",
    "deadletter.>",
    "keys.live",
    "invocations.>",
    "$JS.API.>",
    "$JS.ACK.>",
    "$JS.EVENT.>",
    "$SYS.>",
    "_INBOX.>",
    *(f"_INBOX.{user}.>" for user in USERS),
)

_READ_KEYS = f"{API}.DIRECT.GET.KEYS.keys.live"
_COLLECTORS = [f"EVENTS.{source}-collector" for source in ("facebook", "tiktok")]
_QUEUES = [f"INVOCATIONS.invocations-{kind}" for kind in ("calls", "results")]

MAY_PUBLISH = {
    "ingest": {
        "events.facebook",
        "events.tiktok",
        "deadletter.facebook",
        "deadletter.unknown",
        f"{API}.STREAM.INFO.EVENTS",
        _READ_KEYS,
    },
    "connector": {
        "deadletter.facebook",
        "deadletter.unknown",
        "keys.live",
        _READ_KEYS,
        f"{API}.STREAM.MSG.GET.EVENTS",
        f"{API}.STREAM.PURGE.EVENTS",
        *(
            f"{API}.STREAM.{verb}.{stream}"
            for verb in ("CREATE", "INFO")
            for stream in STREAMS
            if stream != "INVOCATIONS"
        ),
        *(f"{API}.CONSUMER.DURABLE.CREATE.{consumer}" for consumer in _COLLECTORS),
        *(f"{API}.CONSUMER.INFO.{consumer}" for consumer in _COLLECTORS),
        *(f"{API}.CONSUMER.MSG.NEXT.{consumer}" for consumer in _COLLECTORS),
        *(f"$JS.ACK.{consumer}.1.1.1.1.0" for consumer in _COLLECTORS),
    },
    "deadletter": {
        "events.facebook",
        "events.tiktok",
        f"{API}.STREAM.INFO.DEADLETTER",
        f"{API}.STREAM.MSG.DELETE.DEADLETTER",
        f"{API}.DIRECT.GET.DEADLETTER",
        _READ_KEYS,
    },
    "gateway": {_READ_KEYS},
    "queue-worker": {
        "invocations.calls.report-events",
        "invocations.results.report-events",
        f"{API}.STREAM.CREATE.INVOCATIONS",
        f"{API}.STREAM.INFO.INVOCATIONS",
        *(f"{API}.CONSUMER.DURABLE.CREATE.{consumer}" for consumer in _QUEUES),
        *(f"{API}.CONSUMER.MSG.NEXT.{consumer}" for consumer in _QUEUES),
        *(f"$JS.ACK.{consumer}.1.1.1.1.0" for consumer in [*_QUEUES, "INVOCATIONS.mine"]),
    },
}
MAY_SUBSCRIBE = {user: {f"_INBOX.{user}.>"} for user in COMPONENTS}
