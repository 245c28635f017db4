"""Which gateways there are and how far their history reaches, asked of the API every few seconds at most."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from meterkast_console.errors import ApiAwayError
from meterkast_console.files.making import Asked
from meterkast_console.files.reach import Reach

FRESH_S = 10.0
ALL = {"limit": "1000000"}
"""The API of a fleet answers a thousand, unless asked for more."""


class Directory:
    """Remembers answers: for a while, and for as long as the API is away."""

    def __init__(self, api: Asked, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._gateways: tuple[float, dict[str, datetime]] | None = None
        self._reaches: dict[str, tuple[float, Reach]] = {}
        self._asking: dict[str, asyncio.Lock] = {}

    async def gateways(self) -> dict[str, datetime]:
        """Return every gateway with when its newest reading came; raises ApiError."""
        async with self._asking.setdefault("", asyncio.Lock()):
            if self._gateways is None or not self._gateways[1] or not self._fresh(self._gateways):
                try:
                    lines = await self._api.json("/api/v1/meters", ALL)
                except ApiAwayError:
                    if self._gateways is None:
                        raise
                else:
                    self._gateways = self._clock(), {line["gateway"]: _received(line) for line in lines}
        return self._gateways[1] if self._gateways else {}

    async def reach(self, gateway: str) -> Reach:
        """Return how far the history of a gateway reaches; raises ApiError."""
        async with self._asking.setdefault(gateway, asyncio.Lock()):
            known = self._reaches.get(gateway)
            if known is None or not self._fresh(known):
                try:
                    body = await self._api.json(f"/api/v1/meters/{gateway}/history")
                except ApiAwayError:
                    if known is None:
                        raise
                else:
                    known = self._reaches[gateway] = self._clock(), Reach.of(body)
            return known[1]

    def _fresh(self, known: tuple[float, object]) -> bool:
        return self._clock() - known[0] < FRESH_S


def _received(line: dict[str, str]) -> datetime:
    text = line.get("received_at") or line.get("measured_at")
    return datetime.fromisoformat(text) if text else datetime.fromtimestamp(0, UTC)
