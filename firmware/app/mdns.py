"""Words of multicast DNS (RFC 6762), which the ESP8266 port of MicroPython has not of its own; loaded only for that."""


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
