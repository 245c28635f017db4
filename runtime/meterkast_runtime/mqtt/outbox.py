"""What has been published and not yet been acknowledged."""

import asyncio
from typing import Protocol

from meterkast_runtime.errors import MqttQueueFullError
from meterkast_runtime.mqtt.packets import DUP, encode_publish

# the numbers below are left to paho, which counts its subscriptions from 1, round and round
FIRST_MID = 1025
LAST_MID = 65_535


class Writer(Protocol):
    """An open connection."""

    def write(self, packet: bytes | bytearray) -> None:
        """Send the packet, in order."""


class Outbox:
    """Keeps each QoS 1 message until its PUBACK, and sends all of them again over every new connection, in order."""

    def __init__(self, limit: int) -> None:
        self.published = 0
        self.confirmed = 0
        self._limit = min(limit, LAST_MID - FIRST_MID)
        self._waiting: dict[int, tuple[bytearray, asyncio.Future[None]]] = {}
        self._mid = FIRST_MID
        self._writer: Writer | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def futures(self) -> list[asyncio.Future[None]]:
        """The futures that wait for a PUBACK."""
        return [done for _, done in self._waiting.values()]

    def publish(self, topic: str, payload: bytes | str, *, retain: bool) -> asyncio.Future[None]:
        """Send, or keep until there is a connection; the future is done at the PUBACK."""
        waiting = self._waiting
        if len(waiting) >= self._limit:
            raise MqttQueueFullError(self._limit)
        mid = self._mid
        while mid in waiting:
            mid = mid + 1 if mid < LAST_MID else FIRST_MID
        packet = encode_publish(topic, payload, mid=mid, retain=retain)
        self._mid = mid + 1 if mid < LAST_MID else FIRST_MID
        done = asyncio.get_running_loop().create_future()
        waiting[mid] = packet, done
        self.published += 1
        if self._writer is not None:
            self._send(packet)
        return done

    def open(self, writer: Writer) -> None:
        """Send all that waits over a connection that has just been greeted."""
        self._writer = writer
        for packet, _ in self._waiting.values():
            self._send(packet)

    def close(self) -> None:
        """Keep from now on: the connection is gone."""
        self._writer = None

    def confirm(self, mid: int) -> None:
        """A PUBACK has come."""
        entry = self._waiting.pop(mid, None)
        if entry is not None:
            self.confirmed += 1
            if not entry[1].done():
                entry[1].set_result(None)

    def cancel(self) -> None:
        """Give up: nothing more will be sent."""
        for done in self.futures:
            done.cancel()
        self._waiting.clear()

    def _send(self, packet: bytearray) -> None:
        if self._writer is not None:
            self._writer.write(packet)
            packet[0] |= DUP  # should it have to be sent again
