"""A recording of telegrams, played back at any speed by their own times."""

import asyncio
import gzip
import re
import time
from collections.abc import AsyncGenerator, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from meterkast_reader.framing import Frame, Framer
from meterkast_reader.sources.source import Chunk, Report
from meterkast_reader.sources.url import SourceError, SourceUrl

_PIECE = 64 * 1024
_STAMP = re.compile(rb"\n0-0:1\.0\.0\((\d{12})([SW]?)\)")
_STEP_S = 10.0
_LONGEST_PAUSE_S = 3600.0
_FIRST_YEAR = 2000
_YES = frozenset({"", "1", "true", "yes"})


class ReplaySource:
    """Plays a file (also gzipped) once or in a loop.

    Telegrams carry their own time as receive time, since the recording's clock and not today's is right; those without
    one are received now, ten seconds apart.
    """

    line = None

    def __init__(self, url: SourceUrl, zone: ZoneInfo) -> None:
        self._file = Path(url.target).expanduser()
        if not self._file.is_file():
            raise SourceError(f"there is no file {url.target} to replay", hint="check the path")
        self._speed = 0.0 if url.options.get("speed") == "max" else url.number("speed", 1.0)
        self._loop = url.options.get("loop", "no").lower() in _YES
        self._zone = zone
        self.address = f"replay:{url.target}"

    async def read(self, report: Report) -> AsyncGenerator[Chunk, None]:
        """Give the file's bytes, telegram by telegram."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            before: datetime | None = None
            for data, at in self._pieces(report):
                due += self._pause_s(before, at)
                before = at or before
                await asyncio.sleep(max(due - loop.time(), 0))
                received_at = at.timestamp() if at else time.time()
                yield Chunk(data, received_ms=int(received_at * 1000))
            yield Chunk(gap=True)
            if not self._loop:
                return
            due += _STEP_S / self._speed if self._speed else 0.001

    def _pause_s(self, before: datetime | None, at: datetime | None) -> float:
        if not self._speed or before is None:
            return 0.0
        seconds = (at - before).total_seconds() if at else _STEP_S
        return min(max(seconds, 0.0), _LONGEST_PAUSE_S) / self._speed

    def _pieces(self, report: Report) -> Iterator[tuple[bytes, datetime | None]]:
        """The file cut behind each telegram, with the telegram's time."""
        framer = Framer()
        uncut, start = bytearray(), 0
        try:
            with self._open() as file:
                while piece := file.read(_PIECE):
                    uncut += piece
                    for event in framer.feed(piece):
                        if isinstance(event, Frame):
                            end = event.position + len(event.data) - start
                            yield bytes(uncut[:end]), self._time(event.data)
                            del uncut[:end]
                            start += end
        except (OSError, EOFError) as error:
            report(f"{self._file} cannot be read to its end ({error}): check the file")
        if uncut:
            yield bytes(uncut), None

    def _open(self) -> IO[bytes]:
        return gzip.open(self._file, "rb") if self._file.suffix == ".gz" else self._file.open("rb")  # type: ignore[return-value]

    def _time(self, telegram: bytes) -> datetime | None:
        found = _STAMP.search(telegram)
        if not found:
            return None
        try:
            at = datetime.strptime(found[1].decode(), "%y%m%d%H%M%S").replace(tzinfo=self._zone)
        except ValueError:
            return None
        if at.year < _FIRST_YEAR:
            return None
        return at.replace(fold=1) if found[2] == b"W" and at.dst() else at
