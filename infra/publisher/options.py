"""The options of `hookstream publish`, as typer reads them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

_TIME = {"metavar": "TIME"}
_SHARE = {"min": 0, "max": 1, "metavar": "0..1"}


def _make(*names: str, text: str, **more: Any) -> Any:  # noqa: ANN401 - typer's own type
    return typer.Option(*names, help=text, rich_help_panel="What to make", **more)


def _send(*names: str, text: str, **more: Any) -> Any:  # noqa: ANN401 - typer's own type
    return typer.Option(*names, help=text, rich_help_panel="How to send", **more)


def _end(*names: str, text: str, **more: Any) -> Any:  # noqa: ANN401 - typer's own type
    return typer.Option(*names, help=text, rich_help_panel="Proof and output", **more)


Number = Annotated[
    int, _make("--number", "-n", text="Events to send; 0 goes on until Ctrl-C.", min=0)
]
Profile = Annotated[
    Literal["realistic", "andriiuni"],
    _make(
        text="realistic: campaigns with funnels and returning users;"
        " andriiuni: what the public image of that name sends."
    ),
]
Batch = Annotated[
    str | None,
    _make(
        "--batch",
        "-b",
        text="Events per request, fixed or from a range. Default: 500; andriiuni: 1000-50000.",
        metavar="N|N-M",
    ),
]
Duplicates = Annotated[float, _make(text="Share of events that repeat an earlier one.", **_SHARE)]
Disorder = Annotated[
    float, _make(text="Share of events whose time is late or out of order.", **_SHARE)
]
Invalid = Annotated[
    float | None,
    _make(
        text="Share of corrupted events."
        " Default: none; andriiuni: one at the end of every tenth request.",
        **_SHARE,
    ),
]
FacebookShare = Annotated[
    float, _make(text="Share of Facebook events; the rest is TikTok's.", **_SHARE)
]
Window = Annotated[
    str | None,
    _make(
        text="Spread the events' times over this long before now, such as 90m or 7d; 0 is real"
        " time. Default: 24h; 0 for andriiuni and -n 0.",
        **_TIME,
    ),
]
Seed = Annotated[
    int | None,
    _make(text="Make the same events again; sent twice, they still count once. Default: new ones."),
]
At = Annotated[
    str | None,
    _make(
        text="The time to take for now; with --seed, two runs send the same bytes.",
        metavar="ISO-8601",
    ),
]

Url = Annotated[str | None, _send(text="The gateway. Default: that of --state-dir.")]
Path_ = Annotated[str, _send("--path", text="Where on the gateway to post, or a URL of its own.")]
StateDirectory = Annotated[Path, _send("--state-dir", text="State directory of the local stack.")]
Form = Annotated[
    Literal["array", "object", "ndjson", "single"],
    _send(text='A bare array, {"events": …}, NDJSON, or one event per request.'),
]
Encoding = Annotated[Literal["none", "gzip", "zstd"], _send(text="Content-Encoding.")]
Headers = Annotated[
    list[str] | None,
    _send("--header", "-H", text="A header of each request; repeatable.", metavar="'NAME: VALUE'"),
]
Concurrency = Annotated[
    int, _send("--concurrency", "-c", text="Most requests in flight.", min=1, max=1024)
]
Rate = Annotated[
    float, _send("--rate", "-r", text="Events per second; 0 is as fast as possible.", min=0)
]
Interval = Annotated[
    str, _send(text="Time from one request to the next; slow answers overlap.", **_TIME)
]
Timeout = Annotated[str, _send(text="Time that a request may take.", **_TIME)]
RetryFor = Annotated[
    str, _send(text="Send a failed request again for this long; 0 never does.", **_TIME)
]

Prove = Annotated[
    bool | None,
    _end(
        "--prove/--no-prove",
        text="Compare the reports with what was sent. Default: prove, unless -n 0.",
    ),
]
Deadline = Annotated[str, _end(text="Time that the reports have to show everything.", **_TIME)]
AllowUnknown = Annotated[
    bool,
    _end(
        "--allow-unknown",
        text="Events of requests that were given up may be in the reports or not.",
    ),
]
Json = Annotated[bool, _end("--json", text="Print one line of JSON instead of tables.")]
