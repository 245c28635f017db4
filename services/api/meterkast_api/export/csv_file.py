"""A sheet as a CSV file: UTF-8, a header, lines ended by CR LF (RFC 4180)."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from meterkast_api.export.sheet import Column, Form, Record, Sheet
from meterkast_api.tables import decimal_text

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
Write = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How numbers and cells are written: `;` and a decimal comma are what a Dutch spreadsheet opens by itself."""

    zone: ZoneInfo
    separator: str = ","
    point: str = "."

    def text(self, columns: Iterable[Column], records: Iterable[Record]) -> bytes:
        """Write some lines."""
        writes = [self._write(column) for column in columns]
        lines = io.StringIO()
        csv.writer(lines, delimiter=self.separator, lineterminator="\r\n").writerows(
            ["" if cell is None else write(cell) for write, cell in zip(writes, record, strict=True)]
            for record in records
        )
        return lines.getvalue().encode()

    def _write(self, column: Column) -> Write:
        shift, point = column.shift, self.point
        match column.form:
            case Form.TIME:
                return self._time
            case Form.EXACT:
                return lambda value: decimal_text(value, shift).replace(".", point)
            case Form.NUMBER:
                return lambda value: _number(value).replace(".", point)
            case Form.FLAG:
                return lambda value: "true" if value else "false"
            case Form.TEXT:
                return _text

    def _time(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat()


def _number(value: float) -> str:
    text = repr(value)
    return f"{Decimal(text):f}" if "e" in text else text


def _text(text: str) -> str:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it: a meter's message is anybody's."""
    return f"'{text}" if text.startswith(_FORMULA) else text


async def csv_file(sheet: Sheet, dialect: Dialect) -> AsyncGenerator[bytes, None]:
    """Give the file, a chunk per page."""
    header = [column.name for column in sheet.columns]
    names = tuple(Column(name, Form.TEXT) for name in header)
    yield dialect.text(names, [header])
    async for page in sheet.pages:
        if page:
            yield await asyncio.to_thread(dialect.text, sheet.columns, page)
