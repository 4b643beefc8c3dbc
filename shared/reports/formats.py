"""Writes tables as CSV (RFC 4180), NDJSON (https://github.com/ndjson/ndjson-spec) and Parquet."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

import msgspec

from shared.reports.negotiation import MEDIA_TYPES
from shared.reports.selection import Format
from shared.reports.tables import Column, Rows, moment_text

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a cell (https://owasp.org/www-community/attacks/CSV_Injection)."""

_PRECISION, _SCALE = 38, 4


class Writer(Protocol):
    """Writes a table part by part: its head, any number of rows, its end."""

    def head(self) -> bytes:
        """Return what comes before all rows."""

    def write(self, rows: Rows) -> bytes:
        """Return rows."""

    def end(self) -> bytes:
        """Return what comes after all rows."""


class CsvWriter:
    """One line per row below a line of names; texts never begin a formula."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns

    def head(self) -> bytes:
        """Return the line of names."""
        return _lines([[column.name for column in self._columns]])

    def write(self, rows: Rows) -> bytes:
        """Return rows; what is missing is empty."""
        return _lines([[_cell(column, row) for column in self._columns] for row in rows])

    def end(self) -> bytes:
        """Return nothing."""
        return b""


def _lines(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def _cell(column: Column, row: msgspec.Struct) -> object:
    value = column.of(row)
    if isinstance(value, datetime):
        return moment_text(value)
    if column.kind == "text" and isinstance(value, str) and value.startswith(_FORMULAS):
        return f"'{value}"
    return value


class NdjsonWriter:
    """One JSON object per line, as in the JSON answer."""

    def __init__(self, _columns: Sequence[Column]) -> None:
        self._encoder = msgspec.json.Encoder()

    def head(self) -> bytes:
        """Return nothing."""
        return b""

    def write(self, rows: Rows) -> bytes:
        """Return rows."""
        return self._encoder.encode_lines(rows)

    def end(self) -> bytes:
        """Return nothing."""
        return b""


class _Sink(io.RawIOBase):
    """Keeps what is written until it is taken; positions go on."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        """Say yes."""
        return True

    def write(self, part: Any) -> int:  # noqa: ANN401 - any buffer
        """Take a part."""
        content = bytes(part)
        self._parts.append(content)
        self._position += len(content)
        return len(content)

    def tell(self) -> int:
        """Return how much was written in all."""
        return self._position

    def take(self) -> bytes:
        """Return what was written since."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


class ParquetWriter:
    """One row group per part; amounts are decimals, moments are in UTC."""

    def __init__(self, columns: Sequence[Column]) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an optional extra, and slow to import
        from pyarrow import parquet  # noqa: PLC0415 - likewise

        types = {
            "integer": pa.int64(),
            "number": pa.float64(),
            "money": pa.decimal128(_PRECISION, _SCALE),
            "moment": pa.timestamp("us", tz="UTC"),
            "text": pa.string(),
        }
        self._columns = columns
        self._schema = pa.schema([(column.name, types[column.kind]) for column in columns])
        self._record = pa.RecordBatch.from_pydict
        self._sink = _Sink()
        self._writer = parquet.ParquetWriter(self._sink, self._schema, compression="zstd")

    def head(self) -> bytes:
        """Return the magic number."""
        return self._sink.take()

    def write(self, rows: Rows) -> bytes:
        """Return a row group."""
        values = {
            column.name: [_parquet_value(column, row) for row in rows] for column in self._columns
        }
        self._writer.write_batch(self._record(values, schema=self._schema))
        return self._sink.take()

    def end(self) -> bytes:
        """Return the footer."""
        self._writer.close()
        return self._sink.take()


def _parquet_value(column: Column, row: msgspec.Struct) -> Any:  # noqa: ANN401 - any cell
    value = column.of(row)
    return Decimal(value) if column.kind == "money" and value is not None else value


_WRITERS: dict[Format, Callable[[Sequence[Column]], Writer]] = {
    "csv": CsvWriter,
    "ndjson": NdjsonWriter,
    "parquet": ParquetWriter,
}


def writer(form: Format, columns: Sequence[Column]) -> Writer:
    """Return what writes a table in a form other than JSON."""
    return _WRITERS[form](columns)


def content_type(form: Format) -> str:
    """Return the header's value."""
    charset = "; charset=utf-8" if form in {"csv", "ndjson"} else ""
    return MEDIA_TYPES[form] + charset
