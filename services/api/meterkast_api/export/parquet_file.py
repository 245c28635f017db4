"""A sheet as a Parquet file; needs pyarrow, the extra `parquet`."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from decimal import Decimal
from http import HTTPStatus
from importlib.util import find_spec
from typing import Any
from zoneinfo import ZoneInfo

from meterkast_api.export.sheet import Column, Form, Record, Sheet
from meterkast_api.problems import ProblemError

MEDIA_TYPE = "application/vnd.apache.parquet"
GROUP = 50_000
"""Rows of a row group, as far as pages go into it."""
DIGITS = 18


def require_pyarrow(found: Callable[[str], object] = find_spec) -> None:
    """Raise ProblemError (501) where pyarrow is not installed."""
    if found("pyarrow") is None:
        raise ProblemError(
            HTTPStatus.NOT_IMPLEMENTED,
            "parquet-not-installed",
            "Parquet needs pyarrow, which is not installed here: pip install 'meterkast-api[parquet]', or ask for .csv",
        )


async def parquet_file(sheet: Sheet, zone: ZoneInfo) -> AsyncGenerator[bytes, None]:
    """Give the file, a chunk per row group; registers are exact decimals, times carry the time zone."""
    writer = await asyncio.to_thread(_Writer, sheet.columns, zone)
    async for page in sheet.pages:
        if chunk := await asyncio.to_thread(writer.add, page):
            yield chunk
    yield await asyncio.to_thread(writer.close)


class _Writer:
    """Writes into memory, and hands out what has been written so far."""

    def __init__(self, columns: tuple[Column, ...], zone: ZoneInfo) -> None:
        import pyarrow as pa  # noqa: PLC0415 - an extra, and 50 MB that most do not need
        import pyarrow.parquet as pq  # noqa: PLC0415

        types = {
            Form.TIME: pa.timestamp("ms", zone.key),
            Form.TEXT: pa.string(),
            Form.FLAG: pa.bool_(),
            Form.NUMBER: pa.float64(),
        }
        self._pa = pa
        self._schema = pa.schema(
            [(c.name, pa.decimal128(DIGITS, c.shift) if c.form is Form.EXACT else types[c.form]) for c in columns]
        )
        self._columns = columns
        self._sink = _Sink()
        self._writer = pq.ParquetWriter(self._sink, self._schema, compression="zstd")
        self._waiting: list[Any] = []

    def add(self, page: list[Record]) -> bytes:
        """Add a page; return what can be sent."""
        if page:
            self._waiting.append(self._batch(page))
        if sum(batch.num_rows for batch in self._waiting) >= GROUP:
            self._write()
        return self._taken()

    def close(self) -> bytes:
        """End the file; return the rest of it."""
        self._write()
        self._writer.close()
        return self._taken()

    def _write(self) -> None:
        if self._waiting:
            table = self._pa.Table.from_batches(self._waiting, self._schema)
            self._writer.write_table(table, row_group_size=table.num_rows)
            self._waiting = []

    def _batch(self, page: list[Record]) -> Any:
        arrays = [
            self._pa.array(_exact(cells, column.shift) if column.form is Form.EXACT else cells, field.type)
            for column, field, cells in zip(self._columns, self._schema, zip(*page, strict=True), strict=True)
        ]
        return self._pa.record_batch(arrays, schema=self._schema)

    def _taken(self) -> bytes:
        return self._sink.take()


class _Sink:
    """What pyarrow writes to: bytes are taken from it as they come."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def write(self, data: bytes) -> int:
        """Take some bytes."""
        self._parts.append(bytes(data))
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        """How many bytes have been written in all."""
        return self._written

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Take nothing more."""
        self.closed = True

    def take(self) -> bytes:
        """Return what has come since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def _exact(cells: tuple[Any, ...], shift: int) -> list[Decimal | None]:
    return [None if cell is None else Decimal(cell).scaleb(-shift) for cell in cells]
