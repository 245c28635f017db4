"""Whether the broker shares subscriptions, found out by trying."""

import asyncio

from meterkast_runtime.errors import StartError
from meterkast_runtime.mqtt import MqttSession


class Trial:
    """A message of our own, which the broker must hand to the one member of a group."""

    def __init__(self, session: MqttSession, topic: str, payload: bytes, *, within_s: float = 5.0) -> None:
        """`session` subscribes to the topic as `$share/…`; nobody else is in that group."""
        self._session = session
        self._topic = topic
        self._payload = payload
        self._within_s = within_s

    async def run(self) -> None:
        """Return when the broker has handed it over; raises StartError where it does not."""
        async with self._session as session:
            while not await self._is_handed_over():
                if session.connected:
                    raise StartError(
                        f"the broker at {session.settings.address} does not share subscriptions ($share/…)",
                        hint="run one parser, without parser.share, or use Mosquitto, EMQX, HiveMQ or VerneMQ",
                    )

    async def _is_handed_over(self) -> bool:
        await self._session.wait_connected()
        self._session.publish(self._topic, self._payload)
        try:
            async with asyncio.timeout(self._within_s):
                message = await anext(self._session.messages())
        except TimeoutError:
            return False
        message.ack()
        return True
