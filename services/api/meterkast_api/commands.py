"""Orders to gateways, over MQTT."""

import asyncio
from http import HTTPStatus

from meterkast_contracts.topics import Command, Topics
from meterkast_runtime.mqtt import MqttSession

from meterkast_api.problems import ProblemError

WITHIN_S = 5.0


class Commands:
    """Sends an order at once or not at all: one that waited for the broker would come when nobody expects it."""

    def __init__(self, topics: Topics, session: MqttSession | None = None) -> None:
        self._topics = topics
        self._session = session

    async def send(self, gateway: str, command: Command, payload: bytes = b"") -> str:
        """Return the topic when the broker has the order; raise ProblemError (503) where there is no broker."""
        topic = self._topics.command(gateway, command)
        if self._session is None or not self._session.connected:
            raise _away("the MQTT broker is away, nothing was sent: try again when /health says connected")
        try:
            async with asyncio.timeout(WITHIN_S):
                await self._session.publish(topic, payload)
        except TimeoutError as error:
            raise _away(
                f"the MQTT broker has not confirmed within {WITHIN_S:g} s; it may still come through"
            ) from error
        return topic


def _away(sentence: str) -> ProblemError:
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "broker-away", sentence, headers={"Retry-After": "5"})
