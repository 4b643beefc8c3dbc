"""The command as it is run: a process of its own, its exit codes and signals."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from typing import Any

import msgspec
import pytest
from receiver import Receiver, running, until

PROGRAM = "import typer; from infra.commands.publish import publish; typer.run(publish)"


async def start(*arguments: str) -> Process:
    command = (sys.executable, "-c", PROGRAM, *arguments)
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)


def publish(receiver: Receiver, *arguments: str) -> tuple[int, str, str]:
    async def scenario() -> tuple[int, str, str]:
        async with running(receiver) as url:
            process = await start("--url", url, *arguments)
            out, err = await process.communicate()
            assert process.returncode is not None
            return process.returncode, out.decode(), err.decode()

    return asyncio.run(scenario())


def test_it_proves_and_says_so() -> None:
    code, out, err = publish(Receiver(), "-n", "1000", "--duplicates", ".1", "--invalid", ".05")
    assert code == 0
    assert "reported, revenue" in out
    assert "equal to the cent" in out
    assert err == ""


def test_json_is_one_line() -> None:
    code, out, _ = publish(Receiver(), "-n", "1000", "--profile", "andriiuni", "--json")
    assert code == 0
    assert out.count("\n") == 1
    assert msgspec.json.decode(out)["proved"] is True


def test_what_is_not_proved_exits_1() -> None:
    receiver = Receiver()
    receiver.lost = 1
    code, out, _ = publish(receiver, "-n", "10", "--deadline", "0.5s")
    assert code == 1
    assert "Not proved" in out


def test_no_stack_is_told_with_what_to_do() -> None:
    code, out, err = publish(Receiver(), "--url", "", "--state-dir", "/nowhere/at/all")
    assert code == 1
    assert "hookstream up" in err
    assert out == ""


@pytest.mark.parametrize(
    "arguments", [("--batch", "0"), ("--window", "long"), ("--at", "noon"), ("--header", "x")]
)
def test_a_wrong_option_exits_2(arguments: tuple[str, ...]) -> None:
    code, _, err = publish(Receiver(), *arguments)
    assert code == 2
    assert arguments[0].lstrip("-") in err


def interrupted(*signals: signal.Signals, slow: bool) -> tuple[int, dict[str, Any], Receiver]:
    async def scenario() -> tuple[int, dict[str, Any], Receiver]:
        receiver = Receiver()
        receiver.held = slow
        async with running(receiver) as url:
            process = await start("--url", url, "-n", "0", "--rate", "200", "-b", "10", "--json")
            await until(lambda: len(receiver.bodies) > 2)
            for each in signals:
                process.send_signal(each)
            out, _ = await process.communicate()
            assert process.returncode is not None
            return process.returncode, msgspec.json.decode(out), receiver

    return asyncio.run(scenario())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly_with_the_summary(number: signal.Signals) -> None:
    code, document, receiver = interrupted(number, slow=False)
    assert code == 130
    assert document["interrupted"] is True
    assert document["unique"]["accepted"] == document["sent"] == len(receiver.events)


def test_a_second_signal_gives_up_what_is_in_flight() -> None:
    code, document, _ = interrupted(signal.SIGINT, signal.SIGTERM, slow=True)
    assert code == 130
    assert document["accepted"] == 0
    assert document["unique"]["unknown"] == document["sent"] > 0
