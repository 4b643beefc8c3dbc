"""`hookstream deadletter` before a real broker."""

import json
import os
import pty
import subprocess

import pytest
import streams
from builders import facebook
from integration.dead_letters.conftest import Bury
from integration.dead_letters.made import letter
from stack import HOOKSTREAM


def command(
    *arguments: str, expect: int = 0, stdin: int = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    line = [str(HOOKSTREAM), "deadletter", *arguments]
    done = subprocess.run(
        line, stdin=stdin, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def test_a_session_of_work(nats_url: str, bury_all: Bury) -> None:
    at = ("--nats-url", nats_url)
    event = facebook(age=-1)
    bury_all([letter(event, code="out_of_range", stage="ingest"), letter(b"[oops]")])
    listed = json.loads(command("ls", "--stage", "ingest", "--json", *at).stdout)
    assert [found["eventId"] for found in listed["letters"]] == [event["eventId"]]
    assert "out_of_range" in command("ls", *at).stdout
    assert "there may be more" in command("ls", "--limit", "1", *at).stdout
    number = str(listed["letters"][0]["sequence"])
    assert event["eventId"] in command("show", number, *at).stdout
    assert json.loads(command("show", number, "--json", *at).stdout)["stage"] == "ingest"

    failed = json.loads(command("redrive", "--json", *at, expect=1).stdout)
    assert (failed["redriven"], failed["left"]) == (0, 2)
    patch = ("--stage", "ingest", "--patch", '{"data": {"user": {"age": 30}}}')
    assert "1 would be redriven" in command("redrive", "--dry-run", *patch, *at).stdout
    assert "1 redriven" in command("redrive", *patch, *at).stdout
    assert len(streams.events(nats_url)) == 1
    assert "1 dead letters match" in command("drop", "--dry-run", *at).stdout
    assert json.loads(command("drop", "--json", *at).stdout)["dropped"] == 1
    assert "no dead letters" in command("ls", *at).stdout


@pytest.mark.parametrize(("reply", "code", "rest"), [(b"n\n", 1, 1), (b"y\n", 0, 0)])
def test_a_terminal_is_asked(
    reply: bytes, code: int, rest: int, nats_url: str, bury_all: Bury
) -> None:
    bury_all([letter()])
    ours, theirs = pty.openpty()
    try:
        os.write(ours, reply)
        asked = command("drop", "--nats-url", nats_url, expect=code, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert "1 dead letters match" in asked.stdout
    listed = json.loads(command("ls", "--json", "--nats-url", nats_url).stdout)
    assert len(listed["letters"]) == rest


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        (("ls", "--source", "x"), "`source` is not one of", 2),
        (("drop", "--to", "soon"), "`to` is not an ISO-8601 date", 2),
        (("redrive", "--patch", "["), "`patch` is not a JSON object", 2),
        (("ls", "--state-dir", "/nowhere"), "hookstream up", 1),
        (("ls", "--nats-url", "nats://127.0.0.1:1"), "No broker answers", 1),
        (("ls", "--nats-url", "nats://a?sslmode=require"), "unknown field", 2),
        (("ls", "--nats-url", "tls://a?sslrootcert=/missing"), "No such file", 2),
    ],
)
def test_mistakes_are_explained(arguments: tuple[str, ...], complaint: str, code: int) -> None:
    assert complaint in command(*arguments, expect=code).stderr


def test_a_letter_that_is_not_there(nats_url: str) -> None:
    failed = command("show", "9", "--nats-url", nats_url, expect=1)
    assert "There is no dead letter 9" in failed.stderr
