"""Packets of MQTT 3.1.1 (OASIS standard, 2014): written into a buffer and taken from one, without a socket."""

PINGREQ = b"\xc0\x00"


def put_length(out, at, length):
    """Write a remaining length (§2.2.3) at `at`; return where it ends."""
    while length > 127:
        out[at] = length & 127 | 128
        length >>= 7
        at += 1
    out[at] = length
    return at + 1


def put_text(out, at, text):
    """Write a string with its length before it (§1.5.3); return where it ends."""
    end = at + 2 + len(text)
    out[at] = len(text) >> 8
    out[at + 1] = len(text) & 255
    out[at + 2 : end] = text
    return end


def publish(out, number, topic, size, retain, again):
    """Head of a PUBLISH of QoS 1, whose payload of `size` bytes follows; return its length."""
    out[0] = 0x32 | (8 if again else 0) | (1 if retain else 0)
    at = put_text(out, put_length(out, 1, 4 + len(topic) + size), topic)
    out[at] = number >> 8
    out[at + 1] = number & 255
    return at + 2


def puback(out, at, number):
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


def number_at(data, at):
    """The 16-bit number that stands at `at`."""
    return data[at] << 8 | data[at + 1]
