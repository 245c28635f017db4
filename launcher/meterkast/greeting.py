"""Whether a broker lets us in."""

import asyncio

from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from meterkast.errors import LauncherError

PATIENCE_S = 3.0


async def greet(settings: MqttSettings) -> None:
    """Connect once; raises LauncherError with what the broker said, or that it said nothing."""
    health = Health("launcher")
    async with MqttSession(settings, client_id="meterkast-greeting", persistent=False, health=health) as session:
        try:
            await asyncio.wait_for(session.wait_connected(), PATIENCE_S)
        except TimeoutError:
            said = health.message().detail or f"{settings.host}:{settings.port} does not answer"
            raise LauncherError(f"the broker cannot be used, {said}") from None


def broker_of(text: str) -> dict[str, str]:
    """Settings of a broker given as HOST or HOST:PORT."""
    host, colon, port = text.removeprefix("mqtt://").rpartition(":")
    return {"host": host, "port": port} if colon else {"host": port}
