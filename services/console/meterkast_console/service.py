"""The console: listeners side by side, each a part that may fail without the others."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from meterkast_runtime.health import Health
from meterkast_runtime.metrics import total
from meterkast_runtime.service import Service, supervise

from meterkast_console.rest import Pool
from meterkast_console.terminal.guests import TERMINALS

Build = Callable[[], Service]


class ConsoleService:
    """Runs the listeners until cancelled; one that fails is started again, and health tells of it meanwhile.

    `closing` is what has to be closed after them.
    """

    name = "console"

    def __init__(
        self, pool: Pool, parts: Sequence[Build], health: Health, *, closing: Callable[[], Awaitable[None]]
    ) -> None:
        self._pool = pool
        self._parts = parts
        self._health = health
        self._closing = closing
        health.figure("terminals", lambda: total(TERMINALS))

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve; ready when every listener listens or has said why it cannot."""
        if not self._parts:
            ready()
            return
        async with self._pool:
            try:
                await supervise([partial(self._part, build) for build in self._parts], ready=ready)
            finally:
                await self._closing()

    def _part(self, build: Build) -> Service:
        return Part(build(), self._health)


class Part:
    """A listener whose state and trouble stand in the health of the console."""

    def __init__(self, service: Service, health: Health) -> None:
        self.name = service.name
        self._service = service
        self._health = health

    async def run(self, ready: Callable[[], None]) -> None:
        """Run the listener until it is cancelled or fails; a failure is up too, lest it hold up the others."""

        def up() -> None:
            self._health.ok(part=self.name)
            self._health.set(self.name, "listening")
            ready()

        try:
            await self._service.run(up)
        except Exception as error:
            self._health.set(self.name, "failed")
            self._health.degraded(str(error) or type(error).__name__, part=self.name)
            ready()
            raise
