"""A framed telegram taken apart: checksum, identification, data lines (IEC 62056-21, DSMR 5.0.2 P1 §6.2)."""

import re
from string import hexdigits

from fastcrc import crc16
from meterkast_contracts.messages import RejectReason

from meterkast_parser.errors import TelegramError

_HEX = frozenset(hexdigits)
_CRC_DIGITS = 4
_LINE_END = ord("\n")
_LINE = re.compile(r"[^\r\n]+")


def find_end(raw: bytes) -> int:
    """Return the position of `!`, the end mark of a telegram that begins with `/`; raise TelegramError."""
    end = raw.find(b"!")
    if end < 1 or raw[end - 1] != _LINE_END:
        end = raw.find(b"\n!") + 1
    if not raw.startswith(b"/"):
        raise TelegramError(RejectReason.TRUNCATED, "the identification line '/…' is missing", position=0)
    if not end:
        raise TelegramError(RejectReason.TRUNCATED, "the end mark '!' is missing", position=len(raw))
    return end


def crc_holds(raw: bytes, end: int) -> bool:
    """Return whether a CRC vouches for the telegram, False when it has none; raise TelegramError when it is wrong."""
    tail = raw[end + 1 : end + 8]
    computed = crc16.arc(raw[: end + 1])
    if tail == b"%04X\r\n" % computed:
        return True
    stated = tail.split(b"\n", 1)[0].strip().decode("latin-1")
    if not stated:
        return False
    if len(stated) <= _CRC_DIGITS and _HEX.issuperset(stated) and int(stated, 16) == computed:
        return True
    raise TelegramError(RejectReason.CRC, f"checksum is {computed:04X}, the telegram says {stated!r}", position=end + 1)


def line_spans(text: str) -> list[tuple[int, int]]:
    """Return where the data lines stand before `!`; a continuation line belongs to the one before it."""
    spans: list[tuple[int, int]] = []
    open_groups = 0
    for match in _LINE.finditer(text, text.find("\n") + 1):
        start, end = match.span()
        if spans and (open_groups > 0 or text[start] == "("):
            start = spans.pop()[0]
        spans.append((start, end))
        open_groups = text.count("(", start, end) - text.count(")", start, end)
    return spans


def unwrapped(line: str) -> str:
    """Return a data line without the line ends inside it."""
    return line.replace("\r", "").replace("\n", "")
