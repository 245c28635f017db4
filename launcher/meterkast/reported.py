"""A service among the others of one process: it waits for those it needs, and tells how it does."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from meterkast_runtime.health import Health
from meterkast_runtime.service import Service

WAIT_AT_MOST_S = 5.0


class Reported:
    """Runs a service when those before it are up, and keeps its Health: ready, or failed with the reason.

    The reader has to wait: what it publishes before the parser's first subscription would reach nobody. It does not
    wait for ever: a history that is out of order must not keep the page from being live.
    """

    def __init__(
        self, service: Service, health: Health, up: asyncio.Event, after: Sequence[asyncio.Event] = ()
    ) -> None:
        self.name = service.name
        self._service = service
        self._health = health
        self._up = up
        self._after = after

    async def run(self, ready: Callable[[], None]) -> None:
        """Run the service until it is cancelled or fails."""

        def up() -> None:
            self._up.set()
            self._health.ready()
            ready()

        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(WAIT_AT_MOST_S):
                for event in self._after:
                    await event.wait()
        try:
            await self._service.run(up)
        except Exception as error:
            self._health.failed(str(error) or type(error).__name__)
            raise
