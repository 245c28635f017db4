"""Where the gateway's page and its name are asked for: port 80 and multicast DNS (RFC 6762); loaded only meanwhile.

The ESP8266 port of MicroPython has no multicast DNS of its own.
"""

import select
import socket

from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from status import Status

_USUAL = ("0.0.0.0", 80, ("224.0.0.251", 5353), 5353)


def open_door(status: Status) -> None:
    """Listen for visitors."""
    status.places = status.places or _USUAL
    address, port, _, _ = status.places
    try:
        status.door = _listen(status, socket.SOCK_STREAM, address, port)
        status.door.listen(2)
    except OSError:
        status.door = None  # telegrams go out without a page too


def move(status: Status, address: str | None) -> None:
    """Listen for the name at another address, and tell everybody where it is."""
    if status.named:
        status.poller.unregister(status.named)
        status.named.close()
        status.named = None
    if address:
        _, _, group, own_port = status.places
        status.wanted = wire(status.name).lower()
        status.announcement = announcement(status.name, address), socket.getaddrinfo(*group)[0][-1]
        try:
            status.named = _listen(status, socket.SOCK_DGRAM, "0.0.0.0", own_port)
        except OSError:
            return
        try:
            status.named.setsockopt(0, socket.IP_ADD_MEMBERSHIP, quad(group[0]) + quad(address))
        except OSError:
            pass  # then only those who ask it directly are heard
        try:
            status.named.sendto(*status.announcement)
        except OSError:
            pass  # then nobody hears of it before asking


def _listen(status: Status, kind: int, address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, kind)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(socket.getaddrinfo(address, port)[0][-1])
    sock.setblocking(False)
    status.poller.register(sock, select.POLLIN)
    return sock


def quad(address: str) -> bytes:
    """An IPv4 address as its four bytes."""
    return bytes(int(part) for part in address.split("."))


def wire(name: str) -> bytes:
    """`<name>.local` as it stands in a packet."""
    return bytes((len(name),)) + name.encode() + b"\5local\0"


def announcement(name: str, address: str) -> bytes:
    """The answer that the name is at this address, and has records of no other type: A and NSEC, for 120 s."""
    own = wire(name)
    return (
        b"\0\0\x84\0\0\0\0\1\0\0\0\1" + own + b"\0\1\x80\1\0\0\0\x78\0\4" + quad(address)
        + b"\xc0\x0c\0\x2f\x80\1\0\0\0\x78\0" + bytes((len(own) + 3,)) + own + b"\0\1\x40"
    )  # fmt: skip
