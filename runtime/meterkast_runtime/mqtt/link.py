"""One connection to the broker: paho on one side, the asyncio loop on the other."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import ConnectFlags
from paho.mqtt.reasoncodes import ReasonCode

from meterkast_runtime.errors import MqttConnectionError, MqttError
from meterkast_runtime.mqtt.client import PahoClient
from meterkast_runtime.mqtt.outbox import Outbox
from meterkast_runtime.mqtt.packets import KIND, PUBACK, PUBLISH, Publish, decode_publish, encode_puback, encode_publish
from meterkast_runtime.mqtt.wire import Wire

GREETING_WITHIN_S = 20.0
TICK_S = 1.0


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the broker said: whether it knew the session, and which topics it does not let us read."""

    session_present: bool
    refused: tuple[str, ...] = ()


class Link:
    """Reads and writes one wire for paho until it breaks; `lost` is then done."""

    def __init__(self, client: PahoClient, wire: Wire, outbox: Outbox, deliver: Callable[[Publish], None]) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.paused = False
        self._client = client
        self._wire = wire
        self._outbox = outbox
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Greeting | MqttConnectionError] = self._loop.create_future()
        self._subscribing: dict[int, tuple[tuple[str, ...], asyncio.Future[tuple[str, ...]]]] = {}
        self._unsubscribing: dict[int, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._write_scheduled = False
        self._waits_to_write = False
        self._unread_ticks = 0

    async def greet(self, subscriptions: Mapping[str, int], *, leaving: bool = False) -> Greeting:
        """Say hello, then subscribe, QoS by topic, or unsubscribe; MqttConnectionError where the broker will not."""
        client, address = self._client, f"{self._client.host}:{self._client.port}"
        client.on_connect = lambda _client, _data, flags, reason, _more: self._greeted(
            flags, reason, subscriptions, leaving=leaving
        )
        client.on_subscribe = lambda _client, _data, mid, reasons, _more: self._subscribed(mid, reasons)
        client.on_unsubscribe = lambda _client, _data, mid, _reasons, _more: self._unsubscribed(mid)
        client.on_socket_register_write = lambda *_: self.write(b"")
        client.on_socket_close = lambda *_: self._detach()
        client.on_disconnect = lambda *_: self._ended()
        client.greet(self._wire)
        self._loop.add_reader(self._wire.fileno(), self._read)
        self._timer = self._loop.call_later(TICK_S, self._tick)
        first: list[asyncio.Future[Any]] = [self._answer, self.lost]
        await asyncio.wait(first, timeout=GREETING_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        answer = self._answer.result() if self._answer.done() else _silence(address, closed=self.lost.done())
        if isinstance(answer, MqttConnectionError):
            self.fail("not greeted")
            raise answer
        return answer

    def acknowledge(self, mid: int) -> None:
        """Send PUBACK; of no effect once the connection is gone, since the broker counts anew in the next."""
        if not self.lost.done():
            self.write(encode_puback(mid))

    def subscribe(self, topics: Mapping[str, int]) -> asyncio.Future[tuple[str, ...]]:
        """Send SUBSCRIBE, QoS by topic; the future gives what was refused, or is cancelled with the connection."""
        done: asyncio.Future[tuple[str, ...]] = self._loop.create_future()
        _, mid = self._client.subscribe(list(topics.items()))
        if mid is None:
            done.cancel()
            return done
        self._subscribing[mid] = tuple(topics), done
        self.write(b"")
        return done

    def unsubscribe(self, topics: Sequence[str]) -> asyncio.Future[None]:
        """Send UNSUBSCRIBE; the future is done at the answer, or is cancelled with the connection."""
        done: asyncio.Future[None] = self._loop.create_future()
        _, mid = self._client.unsubscribe(list(topics))
        if mid is None:
            done.cancel()
            return done
        self._unsubscribing[mid] = done
        self.write(b"")
        return done

    def write(self, packet: bytes | bytearray) -> None:
        """Send a packet, together with all others of this turn of the loop."""
        self._wire.send(packet)
        if not self._write_scheduled:
            self._write_scheduled = True
            self._loop.call_soon(self._write)

    def write_unkept(self, topic: str, payload: bytes | str, *, retain: bool) -> None:
        """Publish with QoS 0, unless there is nobody or no room to take it."""
        if self._client.is_connected() and not self._waits_to_write:
            self.write(encode_publish(topic, payload, mid=0, retain=retain))

    def pause(self) -> None:
        """Stop reading; what arrives waits in the socket and with the broker."""
        if not self.paused and not self.lost.done():
            self.paused = True
            self._unread_ticks = 0
            self._loop.remove_reader(self._wire.fileno())

    def resume(self) -> None:
        """Read on."""
        if self.paused and not self.lost.done():
            self.paused = False
            self._loop.add_reader(self._wire.fileno(), self._read)
            self._loop.call_soon(self._parse)

    def fail(self, reason: str) -> None:
        """Give the connection up, and what of it is not yet read: the broker will send it again."""
        self._wire.abandon(ConnectionAbortedError(reason))
        self.paused = False
        self._parse()

    async def goodbye(self, within_s: float) -> None:
        """Send what is gathered, then DISCONNECT, and close."""
        deadline = self._loop.time() + within_s
        self._write()
        while self._wire.unsent and not self.lost.done() and self._loop.time() < deadline:
            await asyncio.wait([self.lost], timeout=0.02)
        self._client.disconnect()
        self._write()
        if not self.lost.done():
            self.fail("closed")

    def _greeted(
        self, flags: ConnectFlags, reason: ReasonCode, subscriptions: Mapping[str, int], *, leaving: bool
    ) -> None:
        if reason.is_failure:
            what = f"the broker at {self._client.host}:{self._client.port} does not let us in ({reason})"
            self._set_answer(MqttConnectionError(what, hint="check mqtt.username and mqtt.password"))
            return
        self._outbox.open(self)
        known = flags.session_present
        if not subscriptions:
            self._set_answer(Greeting(known))
            return

        def answered(answer: asyncio.Future[Any]) -> None:
            if not answer.cancelled():
                self._set_answer(Greeting(known, answer.result() or ()))

        asked: asyncio.Future[Any] = (
            self.unsubscribe(tuple(subscriptions)) if leaving else self.subscribe(subscriptions)
        )
        asked.add_done_callback(answered)

    def _subscribed(self, mid: int, reasons: Sequence[ReasonCode]) -> None:
        topics, done = self._subscribing.pop(mid, ((), None))
        if done is not None and not done.done():
            refused = (topic for topic, reason in zip(topics, reasons, strict=False) if reason.is_failure)
            done.set_result(tuple(refused))

    def _unsubscribed(self, mid: int) -> None:
        done = self._unsubscribing.pop(mid, None)
        if done is not None and not done.done():
            done.set_result(None)

    def _set_answer(self, answer: Greeting | MqttConnectionError) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)

    def _read(self) -> None:
        self._wire.fill()
        self._parse()

    def _parse(self) -> None:
        wire = self._wire
        try:
            while not self.paused and (packet := wire.look()) is not None:
                first, start, end = packet
                if first & KIND == PUBLISH:
                    self._deliver(decode_publish(first, wire.take(start, end)))
                elif first == PUBACK:
                    self._outbox.confirm(int.from_bytes(wire.take(start, end)[:2], "big"))
                else:
                    self._client.loop_read()
        except MqttError as error:
            wire.abandon(ConnectionAbortedError(str(error)))
        if wire.broken and not self.paused:
            self._client.loop_read()

    def _write(self) -> None:
        self._write_scheduled = False
        if not self.lost.done():
            self._client.loop_write()
        if not self.lost.done():
            self._wire.flush()
            self._watch_for_room()
            if self._wire.broken:
                self.resume()
                self._parse()

    def _watch_for_room(self) -> None:
        if self._wire.unsent and not self._waits_to_write:
            self._loop.add_writer(self._wire.fileno(), self._write)
        elif self._waits_to_write and not self._wire.unsent:
            self._loop.remove_writer(self._wire.fileno())
        self._waits_to_write = self._wire.unsent

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_S, self._tick)
        if not self.paused:
            self._client.loop_misc()
            return
        self._unread_ticks += 1
        if self._unread_ticks * TICK_S >= self._client.keepalive / 2:
            self._unread_ticks = 0
            self._client.ping_unanswered()

    def _detach(self) -> None:
        self._loop.remove_reader(self._wire.fileno())
        self._loop.remove_writer(self._wire.fileno())
        self._waits_to_write = False

    def _ended(self, *_: Any) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._outbox.close()
        for _, subscribed in self._subscribing.values():
            subscribed.cancel()
        for unsubscribed in self._unsubscribing.values():
            unsubscribed.cancel()
        if not self.lost.done():
            self.lost.set_result(None)


def _silence(address: str, *, closed: bool) -> MqttConnectionError:
    does = "closes the connection without a greeting" if closed else "does not greet back like an MQTT broker"
    return MqttConnectionError(f"{address} {does}", hint="check mqtt.port and mqtt.tls, and the broker's log")
