"""From the spool to the broker: live telegrams at once, the rest late and not too fast."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Literal, Protocol

from meterkast_contracts.topics import Topics
from meterkast_runtime.errors import MqttError

from meterkast_reader.segment import Entry
from meterkast_reader.spool import Spool

IN_FLIGHT = 200
_PER_STEP = 20


class Publisher(Protocol):
    """What the outbox needs of an MQTT session."""

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""

    def publish(
        self, topic: str, payload: bytes | str, *, qos: Literal[0, 1] = 1, retain: bool = False
    ) -> asyncio.Future[None]:
        """Publish; done when acknowledged."""


class Outbox:
    """Publishes each telegram of a spool until the broker has acknowledged it."""

    def __init__(self, spool: Spool, session: Publisher, topics: Topics, gateway: str, *, late_per_s: int) -> None:
        self._spool = spool
        self._session = session
        self._topics = topics
        self._gateway = gateway
        self._live_topic = topics.telegram(gateway)
        self._pause_s = _PER_STEP / late_per_s
        self._in_flight: set[int] = set()
        self._wake = asyncio.Event()
        self._landed = asyncio.Event()
        self.published = 0
        self.late = 0

    def send(self, entry: Entry, *, late: bool = False) -> None:
        """Take a telegram that has just come: it goes out at once if the broker is there.

        A late one goes out under its time and keeps its place behind those that wait.
        """
        topic = self._topics.late_telegram(self._gateway, entry.received_ms) if late else self._live_topic
        in_turn = not late or self._spool.pending - 1 <= len(self._in_flight)
        if not in_turn or not self._session.connected or not self._publish(entry, topic):
            self.wake()

    async def room(self) -> None:
        """Wait until few telegrams are under way, for sources that can wait."""
        while self._spool.pending >= IN_FLIGHT:
            await self._landing()

    async def drained(self) -> None:
        """Wait until the broker has everything."""
        while self._spool.pending:
            self.wake()
            await self._landing()

    def wake(self) -> None:
        """Something waits in the spool."""
        self._wake.set()

    async def run(self) -> None:
        """Send late what waits in the spool, whenever there is a connection."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self._session.connected:
                await self._send_late()

    async def _send_late(self) -> None:
        for sent, entry in enumerate(self._spool.unsent(self._in_flight.__contains__), 1):
            while len(self._in_flight) >= IN_FLIGHT and self._session.connected:
                await self._landing()
            topic = self._topics.late_telegram(self._gateway, entry.received_ms)
            if not self._session.connected or not self._publish(entry, topic):
                return
            self.late += 1
            if sent % _PER_STEP == 0:
                await asyncio.sleep(self._pause_s)

    async def _landing(self) -> None:
        """Wait for an acknowledgement, or a second: the spool may also have dropped something."""
        self._landed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._landed.wait(), 1)

    def _publish(self, entry: Entry, topic: str) -> bool:
        try:
            done = self._session.publish(topic, entry.data)
        except MqttError:
            return False
        self._in_flight.add(entry.number)
        done.add_done_callback(self._acknowledged(entry.number))
        return True

    def _acknowledged(self, number: int) -> Callable[[asyncio.Future[None]], None]:
        def done(future: asyncio.Future[None]) -> None:
            self._in_flight.discard(number)
            self._landed.set()
            if not future.cancelled() and future.exception() is None:
                self.published += 1
                self._spool.acknowledge(number)

        return done
