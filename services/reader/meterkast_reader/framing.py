"""Telegrams found in a stream of bytes: pure, incremental, bounded in memory, linear in time.

A telegram runs from its identification line (`/XXX5…`, IEC 62056-21 §6.3.2) to the line that begins with `!`. Meters
with an encrypted port (Luxembourg, Austria) send DLMS general-glo-ciphering frames, which carry their own length.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

LIMIT = 16 * 1024
_PIECE = 4096
_LINE = 1024
_KEPT = 256
_SAMPLE = 64

_AT_LINE_START = re.compile(rb"/[A-Za-z]{3}")
_PLAIN_BEGINNING = re.compile(rb"/[A-Za-z]{3}[0-9-][ -~]{4,120}\r?\n(?:\r?\n|[0-9]-[0-9]:)")
_IN_MID_LINE = re.compile(rb"/[A-Za-z]{3}[0-9-][^()!/]{0,120}\n\Z")
_CIPHERED = re.compile(rb"\xdb\x08.{8}(?:\x82(..)|\x81(.)|([\x00-\x7f]))[\x20-\x22\x30-\x32]", re.DOTALL)
_CIPHERED_TITLE = 10
_CIPHERED_HEAD = 14
_CIPHERED_MINIMUM = 128
_MASKED = bytes(byte & 0x7F for byte in range(256))
_EVEN = bytes(byte for byte in range(256) if byte.bit_count() % 2 == 0)
_SLASH_WITH_PARITY = b"\xaf"


class Reason(StrEnum):
    """Why bytes are no telegram."""

    BLANK = "blank"
    NOISE = "noise"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    PARITY = "parity"


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole telegram as it was on the wire; `position` is its offset in the stream.

    `seven_bit` says that it came as 7E1 through an 8N1 port; `data` then lacks the parity bits.
    """

    data: bytes
    position: int
    seven_bit: bool = False
    ciphered: bool = False


@dataclass(frozen=True, slots=True)
class Discarded:
    """Bytes that belong to no telegram: where, how many, why, and the first 64 of them."""

    reason: Reason
    position: int
    length: int
    sample: bytes


Event = Frame | Discarded


class Framer:
    """Takes chunks of any size and gives frames; every byte ends up in one Frame or one Discarded."""

    def __init__(self, *, limit: int = LIMIT) -> None:
        self._limit = limit
        self._events: list[Event] = []
        self._offset = 0
        self._line = bytearray()
        self._searched = 0
        self._cut = False
        self._telegram = bytearray()
        self._seven_bit = False
        self._noise_at = 0
        self._noise = bytearray()

    @property
    def held(self) -> int:
        """Bytes kept for later."""
        return len(self._line) + len(self._telegram) + len(self._noise)

    def feed(self, data: bytes) -> list[Event]:
        """Take the next bytes of the stream, give what they complete."""
        for start in range(0, len(data), _PIECE):
            self._line += data[start : start + _PIECE]
            while self._advance():
                pass
            self._bound()
        return self._taken()

    def flush(self) -> list[Event]:
        """The line is idle: a telegram whose `!` has come needs no line end."""
        if self._telegram and _is_end(self._line):
            self._interrupt(self._consume(len(self._line)))
        return self._taken()

    def close(self) -> list[Event]:
        """The input ends: give or discard whatever is left."""
        while total := self._ciphered_length(0):
            self._take_ciphered(0, total, closing=True)
            while self._advance():
                pass
        self._interrupt(self._consume(len(self._line)))
        self._end_noise()
        return self._taken()

    def _taken(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _consume(self, count: int) -> bytes:
        taken = bytes(self._line[:count])
        del self._line[:count]
        self._offset += len(taken)
        self._searched = 0
        return taken

    def _advance(self) -> bool:
        """Take one line or one ciphered frame off the buffer; False when more bytes are needed."""
        newline = self._line.find(b"\n", self._searched)
        end = len(self._line) if newline < 0 else newline
        start = self._line.find(b"\xdb\x08", max(self._searched - 1, 0), end + 1)
        while start >= 0:
            if total := self._ciphered_length(start):
                return self._take_ciphered(start, total)
            if len(self._line) < start + _CIPHERED_HEAD:
                self._searched = start
                return False
            start = self._line.find(b"\xdb\x08", start + 1, end + 1)
        if newline < 0:
            self._searched = len(self._line)
            return False
        self._take_line(self._consume(newline + 1))
        self._cut = False
        return True

    def _ciphered_length(self, start: int) -> int:
        """Length of the ciphered frame that begins here by its own word, 0 if none does."""
        found = _CIPHERED.match(self._line, start)
        if not found:
            return 0
        content = int.from_bytes(found[1] or found[2] or found[3], "big")
        total = found.end() - 1 - start + content
        return total if content >= _CIPHERED_MINIMUM and total <= self._limit else 0

    def _take_ciphered(self, start: int, total: int, *, closing: bool = False) -> bool:
        if start:
            self._interrupt(self._consume(start))
            self._cut = False
        if len(self._line) < total and not closing:
            return False
        self._interrupt(b"")
        if _PLAIN_BEGINNING.search(self._line, 0, total):
            self._add_noise(self._consume(1))
            self._cut = True
            return True
        self._end_noise()
        again = self._line.find(self._line[:_CIPHERED_TITLE], 1, total)
        position = self._offset
        if again > 0:
            self._discard(Reason.TRUNCATED, position, self._consume(again))
        elif len(self._line) < total:
            self._discard(Reason.TRUNCATED, position, self._consume(total))
        else:
            self._events.append(Frame(self._consume(total), position, ciphered=True))
        return True

    def _take_line(self, line: bytes) -> None:
        header, seven_bit = self._header(line)
        if header >= 0:
            self._interrupt(line[:header], after=len(line) - header)
            self._end_noise()
            self._telegram += line[header:]
            self._seven_bit = seven_bit
        elif not self._telegram:
            self._add_noise(line)
        else:
            self._telegram += line
            if len(self._telegram) > self._limit:
                self._drop(Reason.TOO_LONG)
            elif _is_end(line):
                self._emit()

    def _header(self, line: bytes) -> tuple[int, bool]:
        """Where an identification begins on the line (-1: nowhere), and whether its bytes carry parity bits."""
        parity = line.rfind(_SLASH_WITH_PARITY)
        if parity >= 0:
            tail = line[parity:]
            if not tail.translate(None, _EVEN) and _IN_MID_LINE.match(tail.translate(_MASKED)):
                return parity, True
        plain = line.rfind(b"/")
        if plain >= 0 and _IN_MID_LINE.match(line, plain):
            return plain, False
        begins = not self._cut and len(line) <= _LINE and _AT_LINE_START.match(line)
        return (0 if begins else -1), False

    def _interrupt(self, rest: bytes, *, after: int = 0) -> None:
        """Something else begins: what is open ends here if its `!` has come, or was cut off."""
        if not self._telegram:
            self._add_noise(rest, after=after)
            return
        self._telegram += rest
        if _is_end(rest):
            self._emit(after=after)
        else:
            self._drop(Reason.TRUNCATED, after=after)

    def _emit(self, *, after: int = 0) -> None:
        data = bytes(self._telegram)
        if self._seven_bit and data.translate(None, _EVEN):
            self._drop(Reason.PARITY, after=after)
            return
        if self._seven_bit:
            data = data.translate(_MASKED)
        self._telegram.clear()
        self._events.append(Frame(data, self._offset - after - len(data), seven_bit=self._seven_bit))

    def _drop(self, reason: Reason, *, after: int = 0) -> None:
        data = bytes(self._telegram)
        self._telegram.clear()
        self._discard(reason, self._offset - after - len(data), data)

    def _discard(self, reason: Reason, position: int, data: bytes) -> None:
        self._events.append(Discarded(reason, position, len(data), data[:_SAMPLE]))

    def _add_noise(self, data: bytes, *, after: int = 0) -> None:
        if not self._noise:
            self._noise_at = self._offset - after - len(data)
        self._noise += data
        while len(self._noise) >= self._limit:
            self._end_noise(self._limit)

    def _end_noise(self, count: int | None = None) -> None:
        data = bytes(self._noise[:count])
        del self._noise[:count]
        if data:
            reason = Reason.NOISE if data.strip(b"\r\n \t\0") else Reason.BLANK
            self._discard(reason, self._noise_at, data)
            self._noise_at += len(data)

    def _bound(self) -> None:
        """Give up a telegram or line that exceeds the limit, keeping a tail in which the next may begin."""
        room = self._limit - len(self._telegram) if self._telegram else _LINE
        if len(self._line) <= room or self._ciphered_length(0):
            return
        spare = self._consume(len(self._line) - min(_KEPT, len(self._line)))
        if self._telegram:
            self._telegram += spare
            self._drop(Reason.TOO_LONG)
        else:
            self._add_noise(spare)
        self._cut = True
        self._searched = 0


def _is_end(line: bytes | bytearray) -> bool:
    return line.startswith(b"!") and b"(" not in line
