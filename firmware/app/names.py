"""The broker's address by DNS, asked without waiting: the port's own look-up stands still for as long as it likes."""

import os
import socket
from time import ticks_diff, ticks_ms

from micropython import const

_AGAIN_MS = const(1000)
_TRIES = const(5)


def question(name, number):
    """The DNS message that asks for the IPv4 address of a name (RFC 1035 §4)."""
    message = bytearray(b"\0\0\1\0\0\1\0\0\0\0\0\0")
    message[0] = number >> 8
    message[1] = number & 255
    for label in name.rstrip(".").split("."):
        message.append(len(label))
        message.extend(label.encode())
    message.extend(b"\0\0\1\0\1")
    return message


def answer(message, number):
    """The first IPv4 address of a DNS answer, "" if it has none, None if it is not the answer to our question."""
    if len(message) < 12 or message[0] << 8 | message[1] != number or not message[2] & 128:
        return None
    at = 12
    try:
        for _ in range(message[5]):
            at = _after_name(message, at) + 4
        for _ in range(message[7]):
            at = _after_name(message, at)
            size = message[at + 8] << 8 | message[at + 9]
            if message[at + 1] == 1 and size == 4 and at + 14 <= len(message):
                return ".".join([str(part) for part in message[at + 10 : at + 14]])
            at += 10 + size
    except IndexError:
        return None
    return ""


def _after_name(message, at):
    while message[at]:
        if message[at] >= 192:
            return at + 2
        at += 1 + message[at]
    return at + 1


class Lookup:
    """One look-up; `poll()` until it gives the address."""

    def __init__(self, name, server):
        self._name = name
        self._server = server
        self._socket = None
        self._number = 0
        self._tries = 0
        self._asked = 0

    def poll(self):
        """The address, or None while it is not known; raises OSError when the name has none or nobody answers."""
        if self._socket is None:
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
            self._ask()
        try:
            message = self._socket.recv(256)
        except OSError:
            message = None
        found = answer(message, self._number) if message else None
        if found:
            self.close()
            return found
        if found == "":
            raise OSError("no address for " + self._name)
        if ticks_diff(ticks_ms(), self._asked) > _AGAIN_MS:
            if self._tries >= _TRIES:
                raise OSError("no DNS server answers")
            self._ask()
        return None

    def close(self):
        """Give the socket back."""
        if self._socket:
            self._socket.close()
            self._socket = None

    def _ask(self):
        self._tries += 1
        self._asked = ticks_ms()
        self._number = int.from_bytes(os.urandom(2), "big")
        host, port = self._server, 53
        colon = host.find(":")
        if colon > 0:
            host, port = host[:colon], int(host[colon + 1 :])
        try:
            self._socket.sendto(question(self._name, self._number), socket.getaddrinfo(host, port)[0][-1])
        except OSError:
            pass


class Opening:
    """The first step to a session: `step()` is True when `session.place` has the broker's address.

    There it stays, so that a lost session looks for it but once; without a DNS server of its own the port does later.
    """

    def __init__(self, session):
        self._session = session
        host, server = session.config["broker"]["host"], session.server()
        self._lookup = None if host[-1].isdigit() or not server else Lookup(host, server)

    def close(self):
        """Give the socket back."""
        if self._lookup:
            self._lookup.close()

    def step(self):
        """Go on."""
        broker = self._session.config["broker"]
        address = self._lookup.poll() if self._lookup else broker["host"]
        if address:
            self._session.place = (address, broker["port"])
        return bool(address)
