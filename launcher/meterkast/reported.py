"""A service that tells how it does."""

from collections.abc import Callable

from meterkast_runtime.health import Health
from meterkast_runtime.service import Service


class Reported:
    """Runs a service and keeps its Health: ready when it is up, failed with the reason when it falls."""

    def __init__(self, service: Service, health: Health) -> None:
        self.name = service.name
        self._service = service
        self._health = health

    async def run(self, ready: Callable[[], None]) -> None:
        """Run the service until it is cancelled or fails."""

        def up() -> None:
            self._health.ready()
            ready()

        try:
            await self._service.run(up)
        except Exception as error:
            self._health.failed(str(error) or type(error).__name__)
            raise
