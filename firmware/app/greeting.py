"""The way to a session with a broker whose address is known: the connection, the greeting; loaded only for that."""

import select
import socket
from time import ticks_diff, ticks_ms

from micropython import const

_KEEP_ALIVE_S = const(30)
_ANSWER_MS = const(15000)
_REFUSALS = ("", "protocol refused", "name refused", "broker not ready", "wrong user or password", "not allowed")


class Opening:
    """`step()` does what can be done at once, True when the session has its socket; OSError and ValueError say why."""

    def __init__(self, session):
        self._session = session
        self._since = ticks_ms()
        self._socket = self._poller = None
        self._hello = self._heard = b""

    def close(self):
        """Give the socket back."""
        if self._socket:
            self._socket.close()

    def step(self):
        """Go on."""
        if not self._socket:
            self._join()
        elif self._poller:
            self._wait_for_connection()
        elif self._hello:
            self._hello = self._hello[_sent(self._socket, self._hello) :]
        else:
            return self._hear()
        return False

    def _join(self):
        """Begin to connect; without a DNS server of its own the port looks the name up."""
        place = socket.getaddrinfo(*self._session.place)[0][-1]
        self._socket = socket.socket()
        self._socket.setblocking(False)
        self._socket.setsockopt(6, getattr(socket, "TCP_NODELAY", 1), 1)
        self._poller = select.poll()
        self._poller.register(self._socket, select.POLLOUT)
        self._since = ticks_ms()
        try:
            self._socket.connect(place)
        except OSError as error:
            if error.errno != 115:  # EINPROGRESS
                raise

    def _wait_for_connection(self):
        for _, event in self._poller.poll(0):
            if event & (select.POLLERR | select.POLLHUP):
                raise OSError("broker does not listen")
            self._poller = None
            self._hello = connect(self._session.config)
            self._since = ticks_ms()
            return
        self._still_time("broker cannot be reached")

    def _still_time(self, why):
        if ticks_diff(ticks_ms(), self._since) > _ANSWER_MS:
            raise OSError(why)

    def _hear(self):
        """Take the broker's CONNACK (§3.2), and no byte more."""
        try:
            part = self._socket.read(4 - len(self._heard))
        except OSError:
            part = b""
        if part == b"":
            raise OSError("broker closed the connection")
        heard = self._heard = self._heard + (part or b"")
        if heard and heard[0] != 0x20:
            raise ValueError("this is no MQTT broker")
        if len(heard) < 4:
            self._still_time("broker does not answer")
            return False
        if heard[3]:
            raise OSError("broker refuses: " + _REFUSALS[min(heard[3], 5)])
        commands = top(self._session.config) + b"command/"
        sock, self._socket = self._socket, None
        self._session.opened(sock, len(commands), subscribe(65535, commands + b"+"))
        return True


def _sent(sock, data):
    try:
        return sock.send(data) or 0
    except OSError as error:
        if error.errno == 11:  # EAGAIN
            return 0
        raise OSError("broker closed the connection")


def top(config):
    """What every topic of the gateway begins with."""
    return (config["prefix"] + "/" + config["gateway"] + "/").encode()


def _text(text):
    return bytes((len(text) >> 8, len(text) & 255)) + text


def _packet(kind, body):
    size = len(body)
    return bytes((kind, size) if size < 128 else (kind, size & 127 | 128, size >> 7)) + body


def connect(config):
    """CONNECT (§3.1) of a clean session with a retained last will of QoS 1."""
    broker = config["broker"]
    user = (broker.get("user") or "").encode()
    password = (broker.get("password") or "").encode()
    flags = 0x2E | (0x80 if user else 0) | (0x40 if user and password else 0)
    body = b"\0\4MQTT\4" + bytes((flags, 0, _KEEP_ALIVE_S))
    body += _text(("meterkast-" + config["gateway"]).encode()) + _text(top(config) + b"status") + _text(b"offline")
    if user:
        body += _text(user)
        if password:
            body += _text(password)
    return _packet(0x10, body)


def subscribe(number, topic):
    """SUBSCRIBE (§3.8) to one filter with QoS 1."""
    return _packet(0x82, bytes((number >> 8, number & 255)) + _text(topic) + b"\1")
