"""Clearing all that the broker retains for a gateway."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from meterkast_contracts.topics import Topics
from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt import Message, MqttSession

SILENCE_S = 0.5
"""So long nothing retained has come: that was all."""


class Forgetting:
    """Asks the broker what it retains for a gateway, and clears that; each order has a session of its own."""

    def __init__(
        self,
        topics: Topics,
        session_of: Callable[[str, tuple[str, ...]], MqttSession],
        retained: Callable[[str], tuple[str, ...]],
    ) -> None:
        """`session_of` makes a session of filters, `retained` tells those beside the gateway's own."""
        self._topics = topics
        self._session_of = session_of
        self._retained = retained
        self._running: dict[str, asyncio.Task[None]] = {}
        self._log = get_logger("parser")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for task in self._running.values():
            task.cancel()
        if self._running:
            await asyncio.wait(self._running.values())

    def begin(self, gateway: str, order: Message, *, done: Callable[[], None]) -> None:
        """Carry out an order in the background, and acknowledge it at the end; one at a time for a gateway."""
        if gateway in self._running:
            order.ack()
            return
        task = self._running[gateway] = asyncio.create_task(self._carry_out(gateway, order, done))
        task.add_done_callback(lambda _: self._running.pop(gateway))

    async def _carry_out(self, gateway: str, order: Message, done: Callable[[], None]) -> None:
        filters = (f"{self._topics.prefix}/{gateway}/#", *self._retained(gateway))
        async with self._session_of(gateway, filters) as session:
            await session.wait_connected()
            found = await self._found(session)
            for topic in sorted(found, key=self._rank(gateway)):
                session.publish(topic, b"", retain=True)
            await session.flush()
        done()
        order.ack()
        self._log.info("The gateway is forgotten, as told; its history stays", gateway=gateway, cleared=len(found))

    def _rank(self, gateway: str) -> Callable[[str], tuple[bool, bool]]:
        """Return the order: those who read a gateway's topics hear first that it is gone, the gateway itself last."""
        own, device = f"{self._topics.prefix}/{gateway}/", self._topics.device(gateway)
        return lambda topic: (topic.startswith(own), topic == device)

    async def _found(self, session: MqttSession) -> list[str]:
        """Return the topics with something retained; what comes meanwhile is of no account."""
        found: list[str] = []
        messages = session.messages()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + SILENCE_S
        try:
            while True:
                async with asyncio.timeout_at(deadline):
                    message = await anext(messages)
                message.ack()
                if message.retain and message.payload:
                    found.append(message.topic)
                    deadline = loop.time() + SILENCE_S
        except TimeoutError:
            return found
