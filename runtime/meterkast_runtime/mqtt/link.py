"""One connection to the broker: paho on one side, the asyncio loop on the other."""

import asyncio
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from meterkast_runtime.mqtt.wire import Wire

TICK_S = 1.0


class PahoClient(paho.Client):
    """paho 2 without its own sockets and threads: it uses the wire it is given, and publishes only when connected."""

    def __init__(self, client_id: str, *, clean_session: bool) -> None:
        super().__init__(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        # no limit in flight: with one, paho walks through all messages at every PUBACK
        self.max_inflight_messages_set(0)
        self.link: Link | None = None

    def ping_unanswered(self) -> None:
        """Send PINGREQ and expect no answer, for a connection that is not being read."""
        self._send_pingreq()
        self._ping_t = 0.0

    def _create_socket(self) -> Any:
        if self.link is None:
            raise ConnectionError("there is no connection to use")
        return self.link.wire

    def _send_publish(self, *args: Any, **options: Any) -> MQTTErrorCode:
        # before CONNACK a new message would overtake those that wait to be sent again
        if not self.is_connected():
            return MQTTErrorCode.MQTT_ERR_NO_CONN
        return super()._send_publish(*args, **options)


class Link:
    """Reads and writes one wire for paho until it breaks; `lost` is then done."""

    def __init__(self, client: PahoClient, wire: Wire, keepalive_s: float) -> None:
        self.wire = wire
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.paused = False
        self.pause_wanted = False
        self._client = client
        self._keepalive_s = keepalive_s
        self._loop = asyncio.get_running_loop()
        self._write_scheduled = False
        self._waits_to_write = False
        self._timer: asyncio.TimerHandle | None = None
        self._unread_s = 0.0

    def start(self) -> None:
        """Greet the broker and begin reading."""
        client = self._client
        client.link = self
        client.on_socket_register_write = lambda *_: self._schedule_write()
        client.on_socket_close = lambda *_: self._detach()
        client.on_disconnect = lambda *_: self._ended()
        client.reconnect()
        self._loop.add_reader(self.wire.fileno(), self._read)
        self._timer = self._loop.call_later(TICK_S, self._tick)

    def acknowledge(self, mid: int) -> None:
        """Send PUBACK; of no effect once the connection is gone, since the broker counts anew in the next."""
        if not self.lost.done():
            self._client.ack(mid, 1)

    def pause(self) -> None:
        """Stop reading; what arrives waits in the socket and with the broker."""
        if not self.paused and not self.lost.done():
            self.paused = True
            self._unread_s = 0.0
            self._loop.remove_reader(self.wire.fileno())

    def resume(self) -> None:
        """Read on."""
        if self.paused and not self.lost.done():
            self.paused = False
            self._loop.add_reader(self.wire.fileno(), self._read)
            self._loop.call_soon(self._parse)

    def fail(self, reason: str) -> None:
        """Give the connection up."""
        self.wire.fail(ConnectionAbortedError(reason))
        self.paused = False
        self._parse()

    async def goodbye(self, within_s: float) -> None:
        """Send what is gathered, then DISCONNECT, and close."""
        deadline = self._loop.time() + within_s
        self._write()
        while self.wire.unsent and not self.lost.done() and self._loop.time() < deadline:
            await asyncio.wait([self.lost], timeout=0.02)
        self._client.disconnect()
        self._write()
        if not self.lost.done():
            self.fail("closed")

    def _read(self) -> None:
        self.wire.fill()
        self._parse()

    def _parse(self) -> None:
        wire, client = self.wire, self._client
        while wire.readable and not self.paused and not self.lost.done():
            client.loop_read()

    def _schedule_write(self) -> None:
        if not self._write_scheduled:
            self._write_scheduled = True
            self._loop.call_soon(self._write)

    def _write(self) -> None:
        self._write_scheduled = False
        if self.lost.done():
            return
        self._client.loop_write()
        if self.lost.done():
            return
        self.wire.flush()
        if self.wire.unsent != self._waits_to_write:
            self._waits_to_write = self.wire.unsent
            if self._waits_to_write:
                self._loop.add_writer(self.wire.fileno(), self._write)
            else:
                self._loop.remove_writer(self.wire.fileno())
        if self.wire.readable and not self.paused:
            self._parse()

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_S, self._tick)
        if not self.paused:
            self._client.loop_misc()
            return
        self._unread_s += TICK_S
        if self._unread_s >= self._keepalive_s / 2:
            self._unread_s = 0.0
            self._client.ping_unanswered()

    def _detach(self) -> None:
        self._loop.remove_reader(self.wire.fileno())
        self._loop.remove_writer(self.wire.fileno())
        self._waits_to_write = False

    def _ended(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.lost.done():
            self.lost.set_result(None)
