import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.local.ports import free_port
from shared.errors import Problem

ANSWER = (
    b'{"range":{"from":null,"to":null},"asOf":null,"freshnessSeconds":null,"totalEvents":2,"groupCount":1,'
    b'"groups":[{"source":"tiktok","funnelStage":"top","eventType":"like","count":2}],"nextCursor":null}'
)
REFUSAL = Problem("invalid_parameter", "`source` is not allowed.", allowed=["facebook", "tiktok"])


class Gateway(BaseHTTPRequestHandler):
    """Answers every question but those about Google."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        refused = "google" in self.path
        self.send_response(400 if refused else 200)
        self.end_headers()
        self.wfile.write(REFUSAL.document("abc") if refused else ANSWER)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def gateway(asked: list[str]) -> Iterator[str]:
    handler = type("Handler", (Gateway,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_prints_a_table(gateway: str, asked: list[str]) -> None:
    done = CliRunner().invoke(app, ["report", "events", "--url", gateway])
    assert done.exit_code == 0
    assert "2 events" in done.output
    assert "like" in done.output
    assert asked == ["/reports/events"]


def test_prints_the_answer_as_it_came(gateway: str, asked: list[str]) -> None:
    options = ["--from", "2026-01-31T12:00:00+02:00", "--event-type", "ad.view", "--country", "A&B"]
    done = CliRunner().invoke(app, ["report", "revenue", "--url", gateway, "--json", *options])
    assert done.stdout.encode() == ANSWER + b"\n"
    assert asked == [
        "/reports/revenue?from=2026-01-31T12%3A00%3A00%2B02%3A00&eventType=ad.view&country=A%26B"
    ]


def test_says_why_a_question_was_refused(gateway: str) -> None:
    done = CliRunner().invoke(app, ["report", "events", "--url", gateway, "--source", "google"])
    assert done.exit_code == 1
    assert done.stdout == ""
    for part in ("HTTP 400", "`source` is not allowed", "facebook, tiktok", "abc"):
        assert part in done.stderr


def test_an_answer_that_is_no_report(gateway: str) -> None:
    done = CliRunner().invoke(app, ["report", "demographics", "--url", gateway])
    assert done.exit_code == 1
    assert "no report" in done.stderr


def test_nobody_listens() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = CliRunner().invoke(app, ["report", "events", "--url", url])
    assert done.exit_code == 1
    assert "refused" in done.stderr


@pytest.mark.parametrize("command", [["report", "events"], ["migrate"]])
def test_no_stack(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    done = CliRunner().invoke(app, [*command, "--state-dir", str(tmp_path)])
    assert done.exit_code == 1
    assert "no stack runs" in done.stderr
