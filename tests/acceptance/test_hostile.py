"""Whatever is sent is answered at once and in order; what is accepted is stored and reported."""

import gzip
import json
import time
from collections.abc import Callable, Iterable, Iterator
from random import Random
from typing import Any

import httpx2
import psycopg
import pytest
import zstandard
from builders import facebook, tiktok
from corpus.json_texts import Text, texts
from corpus.mutations import mutated
from corpus.strings import strings
from memory import high_water
from stack import Stack

from shared.events.text import holds_nul, is_utf8
from shared.settings import MIB

NDJSON = {"content-type": "application/x-ndjson"}
MUTATED = 10_000
TYPES = {facebook: ("ad.view", "checkout.complete"), tiktok: ("like", "purchase")}
MOST_MEMORY = 384.0
"""MiB of webhook-ingest, which holds 64 MiB of bodies at once."""


class Sender:
    """Sends to webhook-ingest; knows what was accepted, and how long the longest answer took."""

    def __init__(self, stack: Stack, client: httpx2.Client) -> None:
        self._client = client
        self._url = f"{stack.urls['gateway']}/function/webhook-ingest"
        self.accepted: dict[tuple[str, str], bytes] = {}
        self.longest = 0.0

    def post(self, content: object, **headers: str) -> httpx2.Response:
        """Send a body; whatever it is, the answer is no fault of the server's."""
        started = time.perf_counter()
        answer = self._client.post(self._url, content=content, headers=headers)  # type: ignore[arg-type]  # bytes, or a generator of them
        self.longest = max(self.longest, time.perf_counter() - started)
        assert answer.status_code < 500, (answer.text, str(content)[:500])
        assert answer.headers["content-type"].startswith("application/")
        return answer

    def events(self, raws: list[bytes]) -> list[str]:
        """Send events, one a line; return the code of each, '' for those accepted."""
        body = b"\n".join(raws)
        answer = self.post(body, **NDJSON)
        assert answer.status_code in {200, 422}, answer.text
        said: dict[str, Any] = answer.json()
        codes = {result["index"]: result["code"] for result in said["results"]}
        assert said["accepted"] + said["rejected"] == len(raws)
        assert len(codes) == said["rejected"]
        for index, raw in enumerate(raws):
            if index not in codes:
                self.note(raw)
        return [codes.get(index, "") for index in range(len(raws))]

    def note(self, raw: bytes) -> None:
        """Remember an event that was accepted; it has to be JSON by another parser's word."""
        event = strictly(raw)
        self.accepted.setdefault((event["source"], event["eventId"]), raw.strip(b" \t\r\n"))


def strictly(raw: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON as RFC 8259 has it. Raises ValueError."""

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    return json.loads(raw.decode(), parse_constant=refuse, parse_int=str, parse_float=str)


@pytest.fixture(scope="module")
def sender(stack: Stack) -> Iterator[Sender]:
    """Return a sender; in the end, all that it got accepted is stored as it was and reported."""
    with httpx2.Client(timeout=60) as client:
        made = Sender(stack, client)
        yield made
    stack.settle(len(made.accepted), 120)
    with psycopg.connect(stack.urls["database"]) as connection:
        rows = connection.execute(
            "select source, event_id, raw from events join event_types on type_id = id"
        )
        stored = {(source, identity): raw for source, identity, raw in rows}
    assert stored.keys() == made.accepted.keys()
    assert [
        key for key, raw in made.accepted.items() if stored[key].strip(" \t\r\n").encode() != raw
    ] == []
    [process] = stack.processes("webhook-ingest")
    assert high_water(process.pid) < MOST_MEMORY


def with_note(text: bytes) -> bytes:
    """Return an event with a text as the value of a member that nobody knows."""
    return json.dumps(facebook(), ensure_ascii=False).encode()[:-1] + b',"note":' + text + b"}"


def storable(text: bytes) -> bool:
    """Say whether a valid text can be stored: no NUL, no half of a surrogate pair."""
    value = json.dumps(strictly(text), ensure_ascii=False)
    return "\\u0000" not in value and not any(0xD800 <= ord(each) < 0xE000 for each in value)


CORPUS = list(texts())
ONE_LINE = [text for text in CORPUS if b"\n" not in text.content]
"""Those that are no event by themselves and can be sent in one line."""


def test_the_corpus_is_large_and_another_parser_agrees() -> None:
    assert len({text.content for text in CORPUS}) >= 300
    assert len(strings()) >= 500
    for text in CORPUS:
        try:
            strictly(text.content)
        except ValueError:
            assert not text.valid, text.name
        else:
            assert text.valid, text.name


def test_no_text_is_an_event(sender: Sender) -> None:
    for text in CORPUS:
        answer = sender.post(text.content)
        assert answer.status_code in {400, 422}, text.name
        if answer.status_code == 422:
            assert answer.json()["accepted"] == 0, text.name


def test_a_member_that_nobody_knows_is_json_all_the_same(sender: Sender) -> None:
    codes = sender.events([with_note(text.content) for text in ONE_LINE])
    wrong = [text.name for text, code in zip(ONE_LINE, codes, strict=True) if wrongly(text, code)]
    assert wrong == []


def test_each_alone_as_well(sender: Sender) -> None:
    wrong = []
    for text in CORPUS:
        raw = with_note(text.content)
        answer = sender.post(raw)
        accepted = answer.status_code == 200
        if accepted:
            sender.note(raw)
        if wrongly(text, "" if accepted else "x"):
            wrong.append(text.name)
    assert wrong == []


def wrongly(text: Text, code: str) -> bool:
    """Say whether an event with such a member was judged otherwise than the text deserves."""
    return (code == "") != (text.valid and storable(text.content))


def text_fields(event: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects and names of all texts of an event."""
    for name, value in event.items():
        if isinstance(value, dict):
            yield from text_fields(value)
        elif isinstance(value, str) or value is None:
            yield event, name


def awkward(text: str) -> Iterator[tuple[str, bytes]]:
    """Yield an event for each text field of each source and stage, with `text` there."""
    for build, types in TYPES.items():
        for event_type in types:
            for place in range(len([*text_fields(build(event_type))])):
                event = build(event_type)
                home, name = [*text_fields(event)][place]
                if name == "eventId" and event_type != types[0]:
                    continue  # it would be the same event again
                home[name] = text
                yield name, json.dumps(event).encode()


FREE = {"name", "username", "city", "country", "purchasedItem"}
IDS = {"userId", "videoId", "adId", "campaignId", "profileId"}


def test_every_string_in_every_field(sender: Sender) -> None:
    judged = 0
    for batch in batches(strings(), 40):
        named = [(text, *each) for text in batch for each in awkward(text)]
        codes = sender.events([raw for *_, raw in named])
        for (text, name, raw), code in zip(named, codes, strict=True):
            whole = is_utf8(text.encode("utf-8", "surrogatepass")) and not holds_nul(raw)
            if not whole:
                assert code, (name, text)
            elif fits(name, text):
                assert code == "", (name, text, code)
                judged += 1
    assert judged > 5_000


def fits(name: str, text: str) -> bool:
    """Say whether a text has to be accepted in a field."""
    if name in IDS:
        return 0 < len(text.encode()) <= 256
    return name in FREE and 0 < len(text) <= 256


def batches(items: list[str], size: int) -> Iterable[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def test_mutated_events(sender: Sender) -> None:
    random = Random(8259)
    for _ in range(MUTATED // 500):
        raws = []
        for number in range(500):
            build = (facebook, tiktok)[number % 2]
            event = build(random.choice(TYPES[build]))
            raws.append(mutated(json.dumps(event).encode(), random))
        codes = sender.events([raw if raw.strip() else b"{}" for raw in raws])
        assert len([code for code in codes if code]) > 250


def test_mutated_events_as_bodies_and_in_arrays(sender: Sender) -> None:
    random = Random(1)
    for _ in range(200):
        raw = mutated(json.dumps(tiktok()).encode(), random)
        for body in (raw, b"[%b]" % raw, b'{"events":[%b]}' % raw):
            answer = sender.post(body)
            assert answer.status_code in {200, 400, 413, 422}
            if answer.status_code == 200 and answer.json()["accepted"] == 1:
                note_all(sender, body)


def note_all(sender: Sender, body: bytes) -> None:
    """Remember the one event that was accepted of a body."""
    if body.startswith(b'{"events"'):
        sender.note(body[len(b'{"events":[') : -2])
    else:
        sender.note(body[1:-1] if body.startswith(b"[") else body)


BAD = {
    "deep arrays": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep and open": b"[" * 100_000,
    "deep mixture": b'[{"a":' * 50_000,
    "closing brackets": b"]" * 100_000,
    "5,000 digits": b'{"age":' + b"9" * 5_000 + b"}",
    "a long exponent": b'{"age":1e' + b"9" * 5_000 + b"}",
    "a million digits": b"[" + b"1" * 1_000_000 + b"]",
    "NaN": b"[NaN]",
    "Infinity": b'{"x":-Infinity}',
    "a NUL": b"\0",
    "UTF-16": json.dumps([facebook()]).encode("utf-16"),
    "UTF-32": json.dumps([facebook()]).encode("utf-32"),
    "two byte order marks": b"\xef\xbb\xbf\xef\xbb\xbf[]",
    "a string without end": b'["' + b"a" * 1_000_000,
    "escapes without end": b'["' + b"\\" * 999_999,
    "commas": b"[" + b"," * 1_000_000 + b"]",
    "quotes": b'"' * 999_999,
    "colons": b"{" + b":" * 1_000_000 + b"}",
    "a million numbers": b"[" + b"1," * 999_999 + b"1]",
    "16 million numbers": b"[" + b"1," * 16_000_000 + b"1]",
    "many members": b"{" + b",".join(b'"k%d":0' % n for n in range(100_000)) + b"}",
    "one member 100,000 times": b"{" + b",".join([b'"eventId":"x"'] * 100_000) + b"}",
    "spaces": b" " * 1_000_000,
    "not compressed": b"\x1f\x8b\x08" + b"\0" * 100,
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_what_is_no_body(sender: Sender, name: str, kind: str) -> None:
    answer = sender.post(BAD[name], **{"content-type": kind})
    assert answer.status_code in {400, 413, 422}
    wrapped = sender.post(b'{"events":[' + BAD[name] + b"]}", **{"content-type": kind})
    assert wrapped.status_code in {400, 413, 422}


@pytest.mark.parametrize(
    "odd",
    ["deep arrays", "deep objects", "5,000 digits", "NaN", "many members", "a million digits"],
)
@pytest.mark.parametrize("form", ["array", "wrapper"])
def test_one_odd_event_costs_one_event(sender: Sender, odd: str, form: str) -> None:
    good = [json.dumps(build()).encode() for build in (facebook, tiktok) for _ in range(20)]
    body = b"[" + b",".join([*good[:20], BAD[odd], *good[20:]]) + b"]"
    answer = sender.post(body if form == "array" else b'{"events":%b}' % body)
    assert (answer.status_code, answer.json().get("accepted")) == (200, 40)
    assert [result["index"] for result in answer.json()["results"]] == [20]
    for raw in good:
        sender.note(raw)


def test_a_byte_order_mark_is_passed_over(sender: Sender) -> None:
    raw = json.dumps(facebook()).encode()
    assert sender.post(b"\xef\xbb\xbf" + raw).json()["accepted"] == 1
    sender.note(raw)


CAP = 32 * MIB


def chunked(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), MIB):
        yield content[start : start + MIB]


def _sent(way: str, body: bytes) -> object:
    if way == "chunked":
        return chunked(body)
    if way == "gzip":
        return gzip.compress(body, 1)
    return zstandard.compress(body, 1) if way == "zstd" else body


@pytest.mark.parametrize("way", ["plain", "chunked", "gzip", "zstd"])
def test_a_body_of_the_cap_and_of_a_byte_more(sender: Sender, way: str) -> None:
    raw = json.dumps(facebook()).encode()
    # Compressed, it must not look like a bomb: the filling is a string that hardly shrinks.
    filling = Random(way).randbytes(CAP // 2).hex().encode()[: CAP - 2 * len(raw)]
    members = raw[:-1] + b',"filling":"' + filling + b'"}'
    for size, status, code in ((CAP, 422, "too_long"), (CAP + 1, 413, "body_too_large")):
        body = members + b" " * (size - len(members))
        headers = {"content-encoding": way} if way in {"gzip", "zstd"} else {}
        answer = sender.post(_sent(way, body), **headers)
        assert answer.status_code == status
        assert code in answer.text


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.compress,
}
BOMB_TIME = 0.1
"""Seconds in which a bomb is refused."""


def refusal_time(sender: Sender, bomb: bytes, encoding: str, tries: int = 20) -> float:
    """Return what the quickest refusal of a bomb took in seconds; one below the bound will do."""
    least = float("inf")
    for attempt in range(tries):
        started = time.perf_counter()
        content = bomb if attempt % 2 else chunked(bomb)
        answer = sender.post(content, **{"content-encoding": encoding})
        least = min(least, time.perf_counter() - started)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        if attempt and least < BOMB_TIME:
            break
    return least


@pytest.mark.parametrize("encoding", COMPRESS)
def test_bombs(
    sender: Sender, encoding: str, record_property: Callable[[str, object], None]
) -> None:
    compress = COMPRESS[encoding]
    for size in (33 * MIB, 256 * MIB):
        bomb = compress(b"[" + b" " * size + b"]")
        assert size / len(bomb) > 900
        took = refusal_time(sender, bomb, encoding)
        record_property(f"{size // MIB} MiB refused, seconds", f"{took:.3f}")
        print(f"{encoding} of {size // MIB} MiB refused in {took:.3f} s")  # noqa: T201 - the figure
        assert took < BOMB_TIME
    assert refusal_time(sender, compress(b"") * 50_000, encoding) < BOMB_TIME
    for depth in range(2, 4):
        bomb = compress(b" " * (20 * MIB))
        for _ in range(depth):
            bomb = compress(bomb)
        answer = sender.post(bomb, **{"content-encoding": encoding})
        assert answer.status_code in {400, 413}


def test_how_long_the_longest_answer_took(
    sender: Sender, record_property: Callable[[str, object], None]
) -> None:
    record_property("longest answer, seconds", f"{sender.longest:.3f}")
    print(f"longest answer: {sender.longest:.3f} s")  # noqa: T201 - a figure for the reader, no bound
    assert sender.longest > 0
