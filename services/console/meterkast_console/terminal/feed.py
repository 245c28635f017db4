"""Keeps the house in step with the API, for as long as somebody looks."""

import asyncio
from bisect import bisect
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from meterkast_runtime.backoff import Backoff

from meterkast_console.errors import ApiError
from meterkast_console.rest import Api
from meterkast_console.terminal.house import Gateway, House, Point, event_note

TODAY_EVERY_S = 30.0
POINTS = 300
EVENTS = 20
STREAM = {"services": True, "devices": True, "rejected": True}


class Watcher:
    """One who looks: at which gateway, and what is set when something has changed."""

    def __init__(self, wake: asyncio.Event) -> None:
        self.wake = wake
        self.gateway: str | None = None


class Feed:
    """One live stream for every terminal; it begins with the first that looks and ends with the last."""

    def __init__(self, api: Api, house: House, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.house = house
        self._api = api
        self._now = now
        self._watchers: set[Watcher] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._look = asyncio.Event()
        self._seeded: set[str] = set()

    @asynccontextmanager
    async def watched(self, wake: asyncio.Event) -> AsyncIterator[Watcher]:
        """Somebody looks while the block runs."""
        watcher = Watcher(wake)
        self._watchers.add(watcher)
        if not self._tasks:
            works: tuple[Coroutine[Any, Any, None], ...] = (self._listen(), self._keep_totals())
            self._tasks = [asyncio.create_task(work) for work in works]
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)
            if not self._watchers:
                await self._stop()

    def look(self, watcher: Watcher, gateway: str) -> None:
        """The watcher looks at this gateway from now on."""
        if watcher.gateway != gateway:
            watcher.gateway = gateway
            self._look.set()

    async def _stop(self) -> None:
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.house.lost("Waiting for the API.")
        self._seeded.clear()

    async def _listen(self) -> None:
        backoff = Backoff(0.2, 3.0)
        while True:
            try:
                async for event in self._api.events(STREAM):
                    backoff.reset()
                    self.house.take(event, self._now())
                    self._wake(event.data.get("gateway"))
                self.house.lost("The API has ended the stream; it is asked again.")
            except ApiError as error:
                self.house.lost(error.said)
            self._seeded.clear()
            self._wake()
            await asyncio.sleep(backoff.next())

    async def _keep_totals(self) -> None:
        while True:
            self._look.clear()
            for name in {watcher.gateway for watcher in self._watchers if watcher.gateway is not None}:
                try:
                    await self._fetch(self.house.gateway(name))
                    if self.house.heard:
                        self.house.trouble = None
                except ApiError as error:
                    if self.house.heard:
                        self.house.trouble = error.said
                self._wake(name)
            try:
                async with asyncio.timeout(TODAY_EVERY_S if self.house.heard else 1.0):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def _fetch(self, gateway: Gateway) -> None:
        """Today's totals and, when the gateway is first looked at, what happened before."""
        base = f"/api/v1/meters/{gateway.name}"
        usage = await self._api.json(f"{base}/usage", {"per": "day", "from": "today"})
        gateway.today = usage["total"]
        self.house.zone = ZoneInfo(usage["timezone"])
        if gateway.name in self._seeded:
            return
        query = {"from": "-15m", "points": POINTS, "fields": "power_import_w,power_export_w"}
        take_curve(gateway, await self._api.json(f"{base}/power", query))
        events = await self._api.json(f"{base}/events", {"limit": EVENTS})
        for event in events["events"]:
            gateway.take_event(event_note(event))
        self._seeded.add(gateway.name)

    def _wake(self, gateway: str | None = None) -> None:
        """Wake those who look at the gateway, or all."""
        for watcher in self._watchers:
            if gateway is None or watcher.gateway in (None, gateway):
                watcher.wake.set()


def take_curve(gateway: Gateway, curve: dict[str, Any]) -> None:
    """Fill with a curve's means the time in which no readings came live."""
    used = curve["fields"].get("power_import_w", {}).get("mean", [])
    fed = curve["fields"].get("power_export_w", {}).get("mean", [None] * len(used))
    step = timedelta(seconds=float(curve["step_s"]))
    live = [point.at for point in gateway.points]
    points = [
        Point(at, mean, back or 0)
        for second, mean, back in zip(curve["times"], used, fed, strict=True)
        if mean is not None and not _near(at := datetime.fromtimestamp(float(second), UTC), live, step)
    ]
    gateway.points = deque(sorted([*points, *gateway.points], key=lambda point: point.at), gateway.points.maxlen)


def _near(at: datetime, times: list[datetime], step: timedelta) -> bool:
    """Whether one of the times, which are in order, is no further away than a step."""
    after = bisect(times, at)
    return any(abs(at - near) <= step for near in times[max(after - 1, 0) : after + 1])
