"""Publishing a service's health, retained, with `lost` as last will."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from meterkast_contracts.messages import HealthStatus, ServiceHealth

from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings, Will

EVERY_S = 30.0
FLUSH_WITHIN_S = 0.5


class HealthReport:
    """A service that publishes a Health at every change and every 30 s, over a connection of its own."""

    def __init__(self, health: Health, settings: MqttSettings, *, every_s: float = EVERY_S) -> None:
        self.name = f"health of {health.service}"
        self._health = health
        self._settings = settings
        self._every_s = every_s

    async def run(self, ready: Callable[[], None]) -> None:
        """Publish until cancelled; the last word is sent before the connection ends."""
        health = self._health
        changed = asyncio.Event()
        session = MqttSession(
            self._settings,
            client_id=f"meterkast-{health.service}-{health.instance}-health",
            will=Will(health.topic, health.lost().to_json()),
            persistent=False,
            quiet=True,
            on_connect=lambda _present: changed.set(),
        )
        forget = health.on_change(changed.set)
        ready()
        async with session:
            try:
                await self._publish_changes(session, changed)
            finally:
                forget()
                if session.connected:
                    session.publish(health.topic, self._last_word().to_json(), retain=True)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(FLUSH_WITHIN_S):
                            await session.flush()

    def _last_word(self) -> ServiceHealth:
        failed = self._health.status is HealthStatus.FAILED
        return self._health.message(None if failed else HealthStatus.STOPPED)

    async def _publish_changes(self, session: MqttSession, changed: asyncio.Event) -> None:
        await session.wait_connected()
        while True:
            changed.clear()
            if session.connected:
                session.publish(self._health.topic, self._health.message().to_json(), retain=True)
            # not wait_for: before Python 3.12 it swallows a cancellation that comes together with the event
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await changed.wait()
