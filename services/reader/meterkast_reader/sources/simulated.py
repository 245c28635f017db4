"""The simulator as a source, with a clock that may run at another speed."""

import asyncio
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

from meterkast_reader.simulator import DIALECTS, Meter
from meterkast_reader.sources.source import Chunk, Report
from meterkast_reader.sources.url import SourceError, SourceUrl, nearest

DEFAULT_DIALECT = "nl-dsmr5"
_ASLEEP_S = 60
"""A machine that slept longer than this has missed what its meter sent meanwhile, as with a real one."""


class SimulatorSource:
    """One simulated meter; at speed 1 from now on it is as live as a real one."""

    def __init__(self, url: SourceUrl, *, number: int = 0) -> None:
        dialect = url.target or DEFAULT_DIALECT
        if dialect not in DIALECTS:
            raise SourceError(f"the simulator knows no dialect {dialect!r}", hint=nearest(dialect, DIALECTS))
        self._dialect = dialect
        self._seed = url.whole("seed", 1) + number
        self._speed = 0.0 if url.options.get("speed") == "max" else url.number("speed", 1.0)
        self._interval = url.whole("interval", DIALECTS[dialect].interval_s, least=1)
        self._start = _instant(url.options.get("start"))
        self.address = f"simulator:{dialect}?seed={self._seed}"
        self.line = DIALECTS[dialect].line

    async def read(self, report: Report) -> AsyncGenerator[Chunk, None]:
        """Give telegrams, for ever."""
        live = self._start is None and self._speed == 1
        meter = Meter(self._dialect, self._seed, starts=self._start or datetime.now(UTC))
        for _ in meter.house.prepare(int((self._start or datetime.now(UTC)).timestamp())):
            await asyncio.sleep(0)
        began = time.time()
        start = self._start.timestamp() if self._start else began
        moment = int(start) - int(start) % self._interval + self._interval
        report(None)
        while True:
            due = began + (moment - start) / self._speed if self._speed else 0.0
            await asyncio.sleep(max(due - time.time(), 0))
            if (telegram := meter.telegram(moment)) is not None:
                yield Chunk(telegram, received_ms=None if live else moment * 1000)
            moment += self._interval
            if live and time.time() - moment > _ASLEEP_S:
                moment = int(time.time()) // self._interval * self._interval


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise SourceError(f"start={text} is no time", hint="write start=2026-01-31 or start=2026-01-31T18:00") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
