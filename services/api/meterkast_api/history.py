"""History as the API uses it: opened in the background, so that the live page is there while history is not."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Protocol, Self
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Event
from meterkast_runtime.log import get_logger
from meterkast_store.errors import StoreError, StoreUnavailableError
from meterkast_store.history import Batch, HistoryStore, MeterInfo, Period, PowerCurve, Sample, Standing, Usage

RETRY_S = 5.0
_LOG = get_logger("meterkast_api")


class UsageReader(Protocol):
    """What costs are worked out from."""

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        """Usage of every period that has a part in the span."""
        ...


class HistoryReader(UsageReader, Protocol):
    """What the routes ask of history; each raises StoreError with a hint."""

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        """Every meter of a gateway, or of all."""
        ...

    async def power(
        self, gateway: str, start: datetime, end: datetime, points: int, fields: Sequence[str]
    ) -> PowerCurve:
        """Lowest, mean and highest of each field per bin."""
        ...

    async def events(self, gateway: str, start: datetime, end: datetime, limit: int) -> list[Event]:
        """Events, newest first."""
        ...

    async def samples(self, gateway: str, start: datetime, end: datetime, limit: int) -> list[Sample]:
        """The first `limit` samples from `start` up to and including `end`, oldest first."""
        ...

    async def latest(self, gateway: str) -> Sample | None:
        """The newest sample."""
        ...

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        """Where a meter's registers stood, with the neighbour on either side."""
        ...

    async def insert(self, batch: Batch) -> None:
        """Write readings older than the newest of their meter."""
        ...


class History:
    """Reads a store that may not be there yet; until it is, every question raises why the last attempt failed."""

    def __init__(self, store: HistoryStore, *, retry_s: float = RETRY_S) -> None:
        self._store = store
        self._retry_s = retry_s
        self._trouble: StoreError | None = StoreUnavailableError(
            "open", "history", "it is being opened", hint="try again in a moment"
        )
        self._opening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to open the store; wait for the first attempt only."""
        attempt = asyncio.Event()
        self._opening = asyncio.create_task(self._open(attempt))
        await attempt.wait()
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the store."""
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError):
                await self._opening
        if self._trouble is None:
            await self._store.__aexit__(*exc)

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        """Every meter of a gateway, or of all."""
        return await self._opened().meters(gateway)

    async def power(
        self, gateway: str, start: datetime, end: datetime, points: int, fields: Sequence[str]
    ) -> PowerCurve:
        """Lowest, mean and highest of each field per bin."""
        return await self._opened().power(gateway, start, end, points, fields)

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        """Usage of every period that has a part in the span."""
        return await self._opened().usage(gateway, start, end, per, timezone)

    async def events(self, gateway: str, start: datetime, end: datetime, limit: int) -> list[Event]:
        """Events, newest first."""
        return await self._opened().events(gateway, start, end, limit)

    async def samples(self, gateway: str, start: datetime, end: datetime, limit: int) -> list[Sample]:
        """The first `limit` samples from `start` up to and including `end`, oldest first."""
        return await self._opened().samples(gateway, start, end, limit)

    async def latest(self, gateway: str) -> Sample | None:
        """The newest sample."""
        return await self._opened().latest(gateway)

    async def standings(self, gateway: str, kind: str, meter: str, start: datetime, end: datetime) -> list[Standing]:
        """Where a meter's registers stood, with the neighbour on either side."""
        return await self._opened().standings(gateway, kind, meter, start, end)

    async def insert(self, batch: Batch) -> None:
        """Write readings older than the newest of their meter."""
        await self._opened().insert(batch)

    def _opened(self) -> HistoryStore:
        if self._trouble is not None:
            raise self._trouble.with_traceback(None)
        return self._store

    async def _open(self, attempt: asyncio.Event) -> None:
        while True:
            try:
                await self._store.__aenter__()
            except StoreError as error:
                if str(error) != str(self._trouble):
                    _LOG.warning("history cannot be opened, trying again", error=str(error))
                self._trouble = error
            else:
                self._trouble = None
                return
            finally:
                attempt.set()
            await asyncio.sleep(self._retry_s)
