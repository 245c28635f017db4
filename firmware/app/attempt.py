"""Tries settings for real, step by step: joins the network, reaches the broker, logs in; loaded only for that."""

import select
import socket
import time

import wifi
from micropython import const
from rarely import load

_WIFI_MS = const(25_000)
_SAME_MS = const(6_000)
_BROKER_MS = const(8_000)

_REFUSED = (103, 104, 111)  # ECONNABORTED and ECONNRESET are what lwIP says of a refused connection
_REFUSALS = {1: "broker-version", 2: "broker-id", 3: "broker-away", 4: "broker-login", 5: "broker-login"}


class Attempt:
    """`stage` is wifi, broker, done or failed; `why` then says what failed: wifi-…, broker-…."""

    def __init__(self, settings: dict, pace: int = 1) -> None:
        self.settings = settings
        self.stage = "wifi"
        self.why = ""
        self._since = self._same_since = time.ticks_ms()
        self._reason = ""
        self._pace = pace
        self._lookup = None
        self._sock = None
        self._sent = False
        self._poller = None
        wifi.begin(settings)

    def step(self) -> bool:
        """Go on; return whether it is over."""
        try:
            if self.stage == "wifi":
                self._join()
            elif self.stage == "broker":
                self._greet()
        except OSError as error:
            self._fail("broker-refused" if error.errno in _REFUSED else "broker-unreachable")
        except MemoryError:
            self._fail("memory")
        return self.stage in ("done", "failed")

    def close(self) -> None:
        """Give the sockets back."""
        if self._lookup:
            self._lookup.close()
        if self._sock:
            self._sock.close()
        self._lookup = self._sock = None

    def _fail(self, why: str) -> None:
        self.close()
        self.stage = "failed"
        self.why = why

    def _join(self) -> None:
        now = time.ticks_ms()
        reason = wifi.reason()
        if not reason:
            self.stage = "broker"
            self._look_up()
            return
        if reason != self._reason:
            self._reason = reason
            self._same_since = now
        tired = time.ticks_diff(now, self._since) > _WIFI_MS // self._pace
        if tired or (reason != "silent" and time.ticks_diff(now, self._same_since) > _SAME_MS // self._pace):
            self._fail("wifi-" + reason)

    def _look_up(self) -> None:
        host = self.settings["broker"]["host"]
        if host.replace(".", "").isdigit():
            self._connect(host)
        else:
            self._lookup = load("names").Lookup(host, wifi.station().ifconfig()[3])

    def _greet(self) -> None:
        if self._lookup:
            self._find()
        elif time.ticks_diff(time.ticks_ms(), self._since) > _BROKER_MS // self._pace:
            self._fail("broker-not-mqtt" if self._sent else "broker-unreachable")
        elif self._poller.poll(0):
            if self._sent:
                self._hear()
            else:
                self._sock.send(_hello(self.settings))
                self._sent = True
                self._poller.modify(self._sock, select.POLLIN)

    def _find(self) -> None:
        try:
            address = self._lookup.poll()
        except OSError:
            self._fail("broker-name")
            return
        if address:
            self._lookup = None
            self._connect(address)

    def _connect(self, address: str) -> None:
        self._since = time.ticks_ms()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sock.setblocking(False)
        self._poller = select.poll()
        self._poller.register(self._sock, select.POLLOUT)
        try:
            self._sock.connect(socket.getaddrinfo(address, self.settings["broker"]["port"])[0][-1])
        except OSError as error:
            if error.errno not in (115, 119):
                raise

    def _hear(self) -> None:
        said = self._sock.recv(4)
        if len(said) != 4 or said[0] != 0x20 or said[1] != 2:
            self._fail("broker-not-mqtt" if said else "broker-closed")
        elif said[3]:
            self._fail(_REFUSALS.get(said[3], "broker-not-mqtt"))
        else:
            self._sock.send(b"\xe0\0")
            self.close()
            self.stage = "done"


def _text(text: str) -> bytes:
    text = text.encode()
    return bytes((len(text) >> 8, len(text) & 255)) + text


def _hello(settings: dict) -> bytes:
    """CONNECT of MQTT 3.1.1 (3.1), a clean session under the gateway's name; greeting.py takes six times the heap."""
    broker = settings["broker"]
    body = _text(settings["gateway"])
    flags = 2
    for bit, text in ((0x80, broker["user"]), (0x40, broker["password"])):
        if text:
            flags |= bit
            body += _text(text)
    body = b"\0\4MQTT\4" + bytes((flags, 0, 30)) + body
    size = len(body)
    return b"\x10" + (bytes((size,)) if size < 128 else bytes((size & 127 | 128, size >> 7))) + body
