"""Which gateways there are: those heard of and those in history."""

import time
from collections.abc import Callable

from meterkast_api.gateways import Gateways
from meterkast_api.history import HistoryReader
from meterkast_api.problems import ProblemError, unknown_gateway

FRESH_S = 30.0


class Directory:
    """Names of every gateway; history is asked at most twice a minute, and when a name is unknown."""

    def __init__(
        self, gateways: Gateways, store: HistoryReader, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._gateways = gateways
        self._store = store
        self._clock = clock
        self._names: frozenset[str] = frozenset()
        self._asked: float | None = None

    async def remembered(self) -> frozenset[str]:
        """Names of the gateways in history."""
        if self._asked is None or self._clock() - self._asked > FRESH_S:
            self._names = frozenset(info.gateway for info in await self._store.meters())
            self._asked = self._clock()
        return self._names

    def forget(self) -> None:
        """Ask history anew: somebody has put something in."""
        self._asked = None

    async def check(self, gateway: str) -> None:
        """Raise ProblemError (404) where neither the bus nor history knows the gateway."""
        if self._gateways.get(gateway) is None and gateway not in await self.remembered():
            raise self.unknown(gateway)

    def unknown(self, gateway: str) -> ProblemError:
        """The 404 that names the gateways there are."""
        return unknown_gateway(gateway, sorted({*self._gateways.names(), *self._names}))
