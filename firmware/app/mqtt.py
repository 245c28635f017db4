"""A session of MQTT 3.1.1 (OASIS standard, 2014) with the broker; it never waits: each `poll()` does what it can."""

import os
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const
from rarely import load

_KEEP_ALIVE_S = const(30)
_PING_MS = const(20000)
_ANSWER_MS = const(15000)
_BACKOFF_S = const(1)
_BACKOFF_MOST_S = const(60)

_PUBLISH = const(3)
_PUBACK = const(4)
_SUBACK = const(9)
_PINGRESP = const(13)

_IN = const(256)
_OUT = const(96)


def put_length(out, at, length):
    """Write a remaining length (§2.2.3) at `at`; return where it ends."""
    while length > 127:
        out[at] = length & 127 | 128
        length >>= 7
        at += 1
    out[at] = length
    return at + 1


def _put_text(out, at, text):
    """Write a string with its length before it (§1.5.3); return where it ends."""
    end = at + 2 + len(text)
    out[at] = len(text) >> 8
    out[at + 1] = len(text) & 255
    out[at + 2 : end] = text
    return end


def _publish(out, number, topic, size, retain, again):
    """Head of a PUBLISH of QoS 1, whose payload of `size` bytes follows; return its length."""
    out[0] = 0x32 | (8 if again else 0) | (1 if retain else 0)
    at = _put_text(out, put_length(out, 1, 4 + len(topic) + size), topic)
    out[at] = number >> 8
    out[at + 1] = number & 255
    return at + 2


def _puback(out, at, number):
    """PUBACK, written at `at`; return where it ends."""
    out[at] = 0x40
    out[at + 1] = 2
    out[at + 2] = number >> 8
    out[at + 3] = number & 255
    return at + 4


def head(data, held):
    """Of the packet that begins the buffer: (bytes of its fixed header, remaining length), or None if more must come.

    Raises ValueError on a length that no packet has.
    """
    length = shift = 0
    for at in range(1, min(held, 5)):
        length |= (data[at] & 127) << shift
        if data[at] < 128:
            return at + 1, length
        shift += 7
    if held >= 5:
        raise ValueError("length")
    return None


def _number_at(data, at):
    """The 16-bit number that stands at `at`."""
    return data[at] << 8 | data[at + 1]


class Session:
    """MQTT 3.1.1 with one message of QoS 1 in flight, a last will `offline`, and orders from `command/+`.

    `up` says that messages can go, `orders` that the broker lets us read orders, `in_flight` that a message is not
    acknowledged yet. `order` is what came: name, payload (None if it was too long), whether it was retained. `trouble`
    says why there is no session.
    """

    def __init__(self, config, server):
        self.config = config
        self.server = server
        self._commands = 0
        self._opening = self.socket = self.place = None
        self._in = bytearray(_IN)
        self._out = bytearray(_OUT)
        self._in_view = memoryview(self._in)
        self._out_view = memoryview(self._out)
        self._backoff_s = _BACKOFF_S
        self._number = 0
        self._retry_at = ticks_ms()
        self.sessions = 0
        self.trouble = "not connected yet"
        self._reset()

    def _reset(self):
        self._held = self._skip = 0
        self._out_at = self._out_end = 0
        self._body = None
        self._body_at = 0
        self._ack = 0
        self._pinged = False
        self._asked = self._sent = ticks_ms()
        self.up = self.orders = False
        self.in_flight = 0
        self.order = None

    @property
    def ready(self):
        """Whether a message can go now."""
        return self.up and not self.in_flight and self._out_at == self._out_end and self._body is None

    def publish(self, topic, payload, retain=False, again=0):
        """Send a message, whose payload stays as it is until `in_flight` is over; return its number.

        `again` is the number of the same message on a lost connection.
        """
        body = memoryview(payload)
        number = again or self._number % 65534 + 1
        self._out_end = _publish(self._out, number, topic, len(payload), retain, again)
        self._out_at = self._body_at = 0
        self._body = body
        self.in_flight = number
        if not again:
            self._number = number
        self._asked = ticks_ms()
        return self.in_flight

    def poll(self, network):
        """Go on with whatever there is to do."""
        try:
            if not network:
                if self._opening or self.socket:
                    self._lose("no network", 0)
            elif self._opening:
                if self._opening.step():
                    self._opening = None
            elif self.socket:
                self._send()
                while self._receive():
                    pass
                self._keep_alive()
            elif ticks_diff(ticks_ms(), self._retry_at) >= 0:
                self._opening = load("greeting" if self.place else "names").Opening(self)
        except (OSError, ValueError, MemoryError) as error:
            self._lose(str(error), self._backoff_s)

    def opened(self, sock, commands, subscription):
        """The broker has taken us on; the packet that subscribes goes out first."""
        self.socket = sock
        self._commands = commands
        self._body = subscription
        self._asked = ticks_ms()

    def drop(self):
        """Close without a goodbye: the broker says `offline` for us."""
        self._lose("restarting", _BACKOFF_MOST_S)

    def _lose(self, why, pause_s):
        for it in (self.socket, self._opening):
            if it:
                it.close()
        if not self.up:
            self.place = None
        self.socket = self._opening = None
        self._reset()
        self.trouble = why
        jitter = 128 + os.urandom(1)[0] // 2
        self._retry_at = ticks_add(ticks_ms(), pause_s * 1000 * jitter // 256)
        if pause_s:
            self._backoff_s = min(self._backoff_s * 2, _BACKOFF_MOST_S)

    def _check_answer(self, why):
        if ticks_diff(ticks_ms(), self._asked) > _ANSWER_MS:
            raise OSError(why)

    def _keep_alive(self):
        if not self.up or self.in_flight or self._pinged:
            self._check_answer("broker does not answer")
        elif ticks_diff(ticks_ms(), self._sent) > _PING_MS and self.ready:
            self._out[0:2] = b"\xc0\x00"
            self._out_at, self._out_end = 0, 2
            self._pinged = True
            self._asked = ticks_ms()
            self._send()

    def _send(self):
        """Send what the socket takes; it may take less than it is given."""
        while True:
            if self._out_at < self._out_end:
                count = self._give(self._out_view[self._out_at : self._out_end])
                self._out_at += count
            elif self._body is not None:
                count = self._give(self._body[self._body_at :])
                self._body_at += count
                if self._body_at == len(self._body):
                    self._body = None
            elif self._ack:
                self._out_at, self._out_end = 0, _puback(self._out, 0, self._ack)
                self._ack = 0
                continue
            else:
                return
            if not count:
                return
            self._sent = self._asked = ticks_ms()

    def _give(self, data):
        if not len(data):
            return 0
        try:
            return self.socket.send(data) or 0
        except OSError as error:
            if error.errno == 11:  # EAGAIN
                return 0
            raise OSError("broker closed the connection")

    def _receive(self):
        """Take one packet; False when there is none, or an order waits to be carried out."""
        if self.order or self._ack:
            return False
        if self._held < _IN:
            try:
                count = self.socket.readinto(self._in_view[self._held :])
            except OSError:
                count = 0
            if count == 0:
                raise OSError("broker closed the connection")
            self._held += count or 0
        if self._skip:
            return self._forget(min(self._skip, self._held))
        found = head(self._in, self._held)
        if found is None:
            return False
        start, length = found
        end = start + length
        if end > self._held and self._held < _IN:
            return False
        kind = self._in[0] >> 4
        if end > self._held and kind != _PUBLISH:
            raise ValueError("this is no MQTT broker")
        self._take(kind, start, min(end, self._held), end <= self._held)
        self._skip = end
        return self._forget(min(end, self._held))

    def _forget(self, count):
        held = self._held - count
        self._in_view[:held] = self._in_view[count : self._held]
        self._held = held
        self._skip -= count
        return held > 0

    def _take(self, kind, start, end, whole):
        data = self._in
        if kind == _PUBACK:
            if _number_at(data, start) == self.in_flight and self._body is None:
                self.in_flight = 0
                self._backoff_s = _BACKOFF_S
        elif kind == _PUBLISH:
            self._take_order(start, end, whole)
        elif kind == _PINGRESP:
            self._pinged = False
        elif kind == _SUBACK and not self.up:
            self.up = True
            self.orders = data[end - 1] < 128
            self.trouble = "" if self.orders else "broker lets us read no orders"
            self.sessions += 1

    def _take_order(self, start, end, whole):
        data = self._in
        quality = data[0] >> 1 & 3
        at = start + 2 + _number_at(data, start)
        name = bytes(self._in_view[start + 2 + self._commands : at])
        if quality:
            self._ack = _number_at(data, at)
            at += 2
        self.order = (name, bytes(self._in_view[at:end]) if whole else None, bool(data[0] & 1))
