"""Which gateways there are: those heard of and those in history."""

import asyncio
import time
from collections.abc import Callable

from meterkast_store.errors import StoreError

from meterkast_api.gateways import Gateways
from meterkast_api.history import HistoryReader
from meterkast_api.problems import ProblemError, unknown_gateway

FRESH_S = 30.0


class Directory:
    """Names of every gateway; history is asked at most twice a minute, by one question for all who wait for it."""

    def __init__(
        self, gateways: Gateways, store: HistoryReader, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gateways = gateways
        self._store = store
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._asked: float | None = None
        self._asking: asyncio.Task[StoreError | None] | None = None

    async def remembered(self) -> frozenset[str]:
        """Names of the gateways in history, as last heard; only the first question waits for history."""
        if self._stale():
            asking = self._ask()
            if self._asked is None:
                await self._answer(asking)
        return self._names

    def forget(self) -> None:
        """Ask history anew: somebody has put something in."""
        self._asked = None

    async def check(self, gateway: str) -> None:
        """Raise ProblemError (404) where neither the bus nor history knows the gateway."""
        if self._gateways.knows(gateway) or gateway in self._names:
            return
        if self._stale():
            await self._answer(self._ask())
        if gateway not in self._names:
            raise self.unknown(gateway)

    def _stale(self) -> bool:
        return self._asked is None or self._clock() - self._asked > FRESH_S

    def _ask(self) -> asyncio.Task[StoreError | None]:
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._refresh())
        return self._asking

    async def _answer(self, asking: asyncio.Task[StoreError | None]) -> None:
        error = await asyncio.shield(asking)
        if error is not None:
            raise error.with_traceback(None)

    async def _refresh(self) -> StoreError | None:
        try:
            self._names = frozenset(info.gateway for info in await self._store.meters())
        except StoreError as error:
            return error
        self._asked = self._clock()
        return None

    def unknown(self, gateway: str) -> ProblemError:
        """The 404 that names the gateways there are."""
        return unknown_gateway(gateway, sorted({*self._gateways.names(), *self._names}))
