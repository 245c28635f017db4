"""The checksum behind a telegram's `!`: CRC-16/ARC over everything from `/` to `!` (DSMR P1 5.0.2 §6.2)."""

import re
from enum import StrEnum

from fastcrc import crc16

_END = re.compile(rb"!([0-9A-Fa-f]{1,4})\s*\Z")
_BARE_END = re.compile(rb"!\s*\Z")


class Checksum(StrEnum):
    """What the checksum says of a telegram."""

    GOOD = "good"
    BAD = "bad"
    ABSENT = "absent"


def crc(data: bytes) -> int:
    """CRC-16/ARC of the bytes, which run from `/` to `!`, both included."""
    return crc16.arc(data)


def seal(body: bytes) -> bytes:
    """Append checksum and line end to a telegram that ends in `!`."""
    return b"%s%04X\r\n" % (body, crc(body))


def check(telegram: bytes) -> Checksum:
    """Judge a whole telegram; hex may be of either case and lack leading zeros."""
    at = telegram.rfind(b"!")
    if found := _END.match(telegram, max(at, 0)):
        return Checksum.GOOD if int(found[1], 16) == crc(telegram[: at + 1]) else Checksum.BAD
    return Checksum.ABSENT if _BARE_END.match(telegram, max(at, 0)) else Checksum.BAD
