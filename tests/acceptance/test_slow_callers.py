"""The gateway in front lets slow callers go, too."""

from contextlib import ExitStack

import pytest
from builders import facebook
from slow_callers import SENT, heard, silent_after
from stack import Stack


def test_slow_callers_are_let_go(own_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BODY_TIMEOUT", "IDLE_TIMEOUT"):
        monkeypatch.setenv(name, "1")
    gateway = own_stack.up()["gateway"]
    with ExitStack() as callers:
        silent = {
            name: callers.enter_context(silent_after(gateway, sent)) for name, sent in SENT.items()
        }
        assert own_stack.post(facebook()).status_code == 200
        answers = {name: heard(caller) for name, caller in silent.items()}
    assert answers["nothing"] == answers["half a head"] == b""
    assert answers["half a body"].startswith(b"HTTP/1.1 408 ")
    assert b'"code":"request_timeout"' in answers["half a body"]
