"""PUBLISH and PUBACK on the wire (MQTT 3.1.1, paragraphs 3.3 and 3.4)."""

from typing import NamedTuple

from meterkast_runtime.errors import MqttError

PUBLISH = 0x30
PUBACK = 0x40
KIND = 0xF0
DUP = 0x08
QOS_1 = 0x02
RETAIN = 0x01

SEVEN_BITS = 0x7F
MORE = 0x80
MAX_TOPIC = 65_535
MAX_LENGTH = 268_435_455


class Publish(NamedTuple):
    """A received PUBLISH; `mid` is 0 for QoS 0."""

    topic: str
    payload: bytes
    retain: bool
    duplicate: bool
    mid: int


def encode_publish(topic: str, payload: bytes | str, *, mid: int, retain: bool) -> bytearray:
    """Return the packet, of QoS 1, or QoS 0 for a `mid` of 0; raises ValueError for what no broker takes."""
    name = topic.encode()
    body = payload.encode() if isinstance(payload, str) else payload
    if not name or len(name) > MAX_TOPIC or b"+" in name or b"#" in name or b"\0" in name:
        raise ValueError(f"{topic!r} is no topic to publish to: 1 to 65,535 bytes without '+', '#' and NUL are")
    length = 2 + len(name) + (2 if mid else 0) + len(body)
    if length > MAX_LENGTH:
        raise ValueError(f"{len(body)} bytes are too many for one message")
    packet = bytearray((PUBLISH | (QOS_1 if mid else 0) | retain,))
    while length > SEVEN_BITS:
        packet.append(length & SEVEN_BITS | MORE)
        length >>= 7
    packet.append(length)
    packet += len(name).to_bytes(2, "big")
    packet += name
    if mid:
        packet += mid.to_bytes(2, "big")
    packet += body
    return packet


def decode_publish(first: int, body: bytes | bytearray) -> Publish:
    """Take a PUBLISH apart, of which `first` is the first byte and `body` what follows the length.

    A topic that is not UTF-8 is given with replacement characters; raises MqttError for a malformed packet.
    """
    end = 2 + int.from_bytes(body[:2], "big")
    start = end + 2 if first & QOS_1 else end
    if start > len(body) or first & 0x04:
        raise MqttError(f"the broker sent a malformed PUBLISH: {bytes(body[:32])!r}")
    return Publish(
        body[2:end].decode(errors="replace"),
        bytes(body[start:]),
        bool(first & RETAIN),
        bool(first & DUP),
        int.from_bytes(body[end:start], "big"),
    )


def encode_puback(mid: int) -> bytes:
    """Return the packet that acknowledges a QoS 1 message."""
    return b"\x40\x02" + mid.to_bytes(2, "big")
