"""What a component may not do on NATS, the server refuses; what it has to do, it may."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

import nats
import pytest
from integration.permissions.actions import (
    COMPONENTS,
    MAY_PUBLISH,
    MAY_SUBSCRIBE,
    PUBLISH,
    SUBSCRIBE,
)
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js.errors import BadRequestError

from infra.dead_letters import session
from infra.local.nats_server import nats_server
from infra.local.nats_users import NatsUsers, anonymous
from infra.local.ports import PortBook
from infra.local.servers import RunningServer
from shared.errors import Problem
from shared.settings import MIB, Settings
from shared.stream.address import connect, read_address
from shared.stream.connection import Broker
from shared.stream.topology import EVENTS, events_stream, restore_topology

Urls = Mapping[str, str]


def refusals(url: str, act: Callable[[Client], Awaitable[object]]) -> list[str]:
    """Return what the server says against an action.

    Its answer to a flush comes after that; but the first flush may overtake the action.
    """
    said: list[str] = []

    async def note(error: Exception) -> None:
        said.append(str(error).lower())

    async def tried() -> None:
        client = await connect(url, allow_reconnect=False, error_cb=note)
        try:
            await act(client)
            await client.flush()
            await client.flush()
        finally:
            await client.close()

    asyncio.run(tried())
    return said


def actions(
    subjects: tuple[str, ...], may: Mapping[str, set[str]], *, allowed: bool
) -> list[tuple[str, str]]:
    return [
        (user, subject)
        for user in COMPONENTS
        for subject in subjects
        if (subject in may[user]) is allowed
    ]


@pytest.mark.parametrize(("user", "subject"), actions(PUBLISH, MAY_PUBLISH, allowed=False))
def test_a_component_publishes_and_asks_nothing_else(urls: Urls, user: str, subject: str) -> None:
    [said] = refusals(urls[user], lambda client: client.publish(subject, b"{}"))
    assert f'permissions violation for publish to "{subject}"'.lower() in said


@pytest.mark.parametrize(("user", "subject"), actions(SUBSCRIBE, MAY_SUBSCRIBE, allowed=False))
def test_a_component_listens_to_nothing_else(urls: Urls, user: str, subject: str) -> None:
    [said] = refusals(urls[user], lambda client: client.subscribe(subject))
    assert f'permissions violation for subscription to "{subject}"'.lower() in said


@pytest.mark.parametrize("user", COMPONENTS)
def test_a_component_may_do_its_work(urls: Urls, user: str) -> None:
    async def work(client: Client) -> None:
        for subject in MAY_SUBSCRIBE[user]:
            await client.subscribe(subject)
        for subject in sorted(MAY_PUBLISH[user]):
            # Not JSON, so that the server says no to what it would do.
            await client.publish(subject, b"nothing")

    assert set(PUBLISH) >= MAY_PUBLISH[user]
    assert refusals(urls[user], work) == []


@pytest.mark.parametrize("user", COMPONENTS)
def test_an_answer_reaches_the_one_who_asked(urls: Urls, user: str) -> None:
    [asked, *_] = sorted(each for each in MAY_PUBLISH[user] if each.startswith("$JS.API."))
    answered: list[str] = []

    async def ask(client: Client) -> None:
        answer = await client.request(asked, b"", timeout=5)
        answered.append(answer.subject)

    assert refusals(urls[user], ask) == []
    assert answered[0].startswith(f"_INBOX.{user}.")


@pytest.mark.parametrize("user", COMPONENTS)
def test_a_stream_cannot_be_deleted_and_is_there_after_the_attempt(urls: Urls, user: str) -> None:
    async def delete(client: Client) -> None:
        with pytest.raises(NatsTimeoutError):
            await client.jetstream(timeout=0.2).delete_stream(EVENTS)

    assert len(refusals(urls[user], delete)) == 1

    async def look(client: Client) -> None:
        await client.jetstream().stream_info(EVENTS)

    assert refusals(urls["operator"], look) == []


def test_who_may_create_a_stream_cannot_change_one(urls: Urls) -> None:
    async def create(client: Client) -> None:
        changed = replace(events_stream(Settings()), max_bytes=MIB)
        with pytest.raises(BadRequestError, match="already in use"):
            await client.jetstream().add_stream(changed)
        await restore_topology(client.jetstream(), Settings(stream_max_bytes=MIB))
        info = await client.jetstream().stream_info(EVENTS)
        assert info.config.max_bytes == Settings().stream_max_bytes

    assert refusals(urls["connector"], create) == []


def test_nobody_gets_in_without_a_login(
    urls: Urls, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wrong = tmp_path_factory.mktemp("wrong") / "password"
    wrong.write_text("wrong")
    server = anonymous(urls["ingest"])
    of_another = urls["ingest"].replace("user=ingest", "user=operator")
    for url in (
        server,
        of_another,
        f"{server}?user=ingest&password_file={wrong}",
        server.replace("nats://", "nats://ingest:wrong@"),
        server.replace("nats://", "nats://nobody:wrong@"),
        server.replace("nats://", "nats://token@"),
    ):
        with pytest.raises(NatsError, match=r"(?i)authorization violation"):
            refusals(url, Client.flush)


def test_a_refused_subject_is_logged_by_its_code(
    urls: Urls, caplog: pytest.LogCaptureFixture
) -> None:
    async def publish() -> None:
        broker = Broker(urls["gateway"], "test")
        broker.start()
        client = await broker.available(patience=10)
        await client.publish("events.facebook", b"{}")
        await client.flush()
        await client.flush()
        await broker.close()

    asyncio.run(publish())
    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(line)["fields"]["code"] == "broker_refused"
    assert (
        vars(line)["fields"]["reason"] == 'permissions violation for publish to "events.facebook"'
    )


def test_a_refused_login_is_logged_once_and_told(
    urls: Urls, caplog: pytest.LogCaptureFixture
) -> None:
    async def come() -> None:
        broker = Broker(anonymous(urls["ingest"]), "test")
        broker.start()
        try:
            async with asyncio.timeout(20):
                await told(broker)
        finally:
            await broker.close()

    async def told(broker: Broker) -> None:
        while True:
            with pytest.raises(Problem) as problem:
                await broker.available(patience=0.5)
            if "authorization violation" in problem.value.detail.lower():
                return

    asyncio.run(come())
    [line] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(line)["fields"]["code"] == "broker_refused"


def test_a_command_says_that_its_login_is_refused(
    urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 1.0)
    with pytest.raises(Problem, match=r"127.0.0.1:\d+ refuses: Authorization Violation\.$"):
        session.work(anonymous(urls["operator"]), lambda opened: opened.letters.bounds())


def test_the_library_by_itself_is_refused_too(urls: Urls) -> None:
    """No inbox but a user's own: the library's default would be everybody's."""

    async def listen() -> list[str]:
        said: list[str] = []

        async def note(error: Exception) -> None:
            said.append(str(error).lower())

        options = read_address(urls["ingest"]).options()
        del options["inbox_prefix"]
        client = await nats.connect(**options, error_cb=note)
        await client.subscribe(client.new_inbox())
        await client.flush()
        await client.flush()
        await client.close()
        return said

    [said] = asyncio.run(listen())
    assert "permissions violation" in said


def test_a_new_password_counts_from_the_next_connection_on(state: Path) -> None:
    state = state / "changed"
    state.mkdir()
    users = NatsUsers(state / "nats-users")
    users.make()
    server = nats_server(state, PortBook(state / "ports.json"), users=users)
    running = RunningServer(server)

    def change() -> None:
        """Have the server take another password, and send away who came with the old one."""
        before = (users.folder / "ingest").read_text()
        (users.folder / "ingest").write_text("another")
        configuration = state / "nats.conf"
        configuration.write_text(configuration.read_text().replace(before, "another"))
        os.kill(running.pid, signal.SIGHUP)

    async def come_back() -> None:
        lost = asyncio.Event()
        broker = Broker(users.urls(server.url)["ingest"], "test")
        broker.on_disconnect.append(lost.set)
        broker.start()
        try:
            await (await broker.available(patience=20)).flush()
            change()
            async with asyncio.timeout(20):
                await lost.wait()
                while True:
                    with contextlib.suppress(Problem):
                        await (await broker.available(patience=0.5)).flush()
                        return
                    await asyncio.sleep(0.05)
        finally:
            await broker.close()

    running.start()
    try:
        asyncio.run(come_back())
    finally:
        running.stop()
