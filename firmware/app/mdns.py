"""Answers to who asks for `<name>.local` (RFC 6762); the ESP8266 port of MicroPython has no such responder."""

import socket

import dns

_GROUP = "224.0.0.251"
_PORT = 5353
_LARGEST = 512


def _bytes(address):
    return bytes(int(part) for part in address.split("."))


class Responder:
    """Says where the name is, and that there is no IPv6 of it; always to the whole group."""

    def __init__(self, name, address, group=_GROUP, port=_PORT, own_port=_PORT):
        own = bytes((len(name),)) + name.encode() + b"\5local\0"
        self._name = own.lower()
        # A record, then NSEC "nothing but A", both with cache-flush and 120 s.
        self._answer = (
            b"\0\0\x84\0\0\0\0\1\0\0\0\1" + own + b"\0\1\x80\1\0\0\0\x78\0\4" + _bytes(address)
            + b"\xc0\x0c\0\x2f\x80\1\0\0\0\x78\0" + bytes((len(own) + 3,)) + own + b"\0\1\x40"
        )  # fmt: skip
        self._group = socket.getaddrinfo(group, port)[0][-1]
        self._sock = dns.listen("0.0.0.0", own_port)
        try:
            self._sock.setsockopt(0, socket.IP_ADD_MEMBERSHIP, _bytes(group) + _bytes(address))
        except OSError:
            pass  # the group is then heard by unicast only
        self.announce()

    def announce(self):
        """Tell everybody unasked."""
        try:
            self._sock.sendto(self._answer, self._group)
        except OSError:
            pass

    def serve(self):
        """Answer one question, if one has come."""
        try:
            query = self._sock.recvfrom(_LARGEST)[0]
        except OSError:
            return
        if self.asked(query):
            self.announce()

    def asked(self, query):
        """Whether a query asks for our name, in any of its questions."""
        if len(query) < 12 or query[2] & 0xF8 or query[4]:
            return False
        at, ours = 12, set()
        for _ in range(query[5]):
            start = at
            while at < len(query) and 0 < query[at] < 64:
                at += query[at] + 1
            if at + 5 > len(query):
                return False
            if query[at] >= 0xC0:
                whole = at == start and ((query[at] & 63) << 8 | query[at + 1]) in ours
                at += 2
            else:
                at += 1
                whole = query[start:at].lower() == self._name
            if at + 4 > len(query):
                return False
            if whole:
                ours.add(start)
                if query[at] == 0 and query[at + 1] in (1, 28, 255):
                    return True
            at += 4
        return False

    def close(self):
        """Leave the group."""
        self._sock.close()
