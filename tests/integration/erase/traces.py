"""Everything that the servers of a test hold, to search it for a person."""

from contextlib import suppress
from pathlib import Path

import psycopg
import streams
import zstandard
from nats.js import JetStreamContext, api
from nats.js.errors import NotFoundError
from psycopg.sql import SQL, Identifier
from records import Servers
from segments import segment_entries

from shared.segments.hashing import text_hash
from shared.stream.encoding import EncodingError


def database_text(url: str) -> str:
    """Return all rows of all tables as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'")
        lines = [
            line
            for (table,) in tables.fetchall()
            for (line,) in connection.execute(
                SQL("select t::text from {} as t").format(Identifier(table))
            )
        ]
    return "\n".join(lines)


def held(url: str, stream: str) -> dict[int, bytes]:
    """Return the messages of a stream by sequence, headers and payload in one."""

    async def read(js: JetStreamContext) -> dict[int, bytes]:
        state = (await js.stream_info(stream)).state
        found = {}
        for sequence in range(max(1, state.first_seq), state.last_seq + 1):
            try:
                message = await js.get_msg(stream, sequence)
            except NotFoundError:
                continue
            found[sequence] = repr(message.headers).encode() + _payload(message)
        return found

    return streams.with_jetstream(url, read)


def _payload(message: api.RawStreamMsg) -> bytes:
    try:
        return streams.payload(message)
    except EncodingError:
        return message.data or b""


def traces(servers: Servers, *texts: str) -> set[str]:
    """Return where any of the texts is: `database`, `segments`, `EVENTS`, `DEADLETTER`.

    Segments have hashes of users in place of their ids.
    """
    places = {"database": database_text(servers.database_url).encode()}
    entries = segment_entries(servers.database_url)
    places["segments"] = "\n".join(map(str, entries)).encode()
    texts = (*texts, *(str(text_hash(text)) for text in texts))
    for stream in ("EVENTS", "DEADLETTER"):
        places[stream] = b"\n".join(held(servers.nats_url, stream).values())
    return {name for name, content in places.items() if any(t.encode() in content for t in texts)}


def files_with(folder: Path, text: str) -> list[Path]:
    """Return the files of the broker's store that hold a text."""
    return [path for path in folder.rglob("*.blk") if text.encode() in _legible(path.read_bytes())]


def _legible(content: bytes) -> bytes:
    """Return a file's bytes and what the compressed messages in it say."""
    parts = [content]
    position = content.find(zstandard.FRAME_HEADER)
    while position >= 0:
        with suppress(zstandard.ZstdError):
            parts.append(
                zstandard.ZstdDecompressor().decompressobj().decompress(content[position:])
            )
        position = content.find(zstandard.FRAME_HEADER, position + 1)
    return b"\n".join(parts)
