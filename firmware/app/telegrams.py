"""Telegrams found in the bytes of the port: a fixed buffer, line by line, and their CRC-16/ARC (DSMR P1 5.0.2 §6.2).

Ciphered ports (Luxembourg, Austria) send DLMS general-glo-ciphering frames, which say their length.
"""

from micropython import const

LIMIT = const(3072)
_ROOM = const(64)
_LONGEST_HEADER = const(128)
_SEALED_HEAD = const(14)
_SEALED_LEAST = const(128)


_NIBBLES = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def crc(data, end):
    """CRC-16/ARC of the first `end` bytes, by half bytes: a table for whole ones would take 512 bytes."""
    table = _NIBBLES
    value = 0
    for byte in memoryview(data)[:end]:
        value ^= byte
        value = (value >> 4) ^ table[value & 15]
        value = (value >> 4) ^ table[value & 15]
    return value


def is_header(data, start, end, in_mid_line):
    """Whether the line's bytes from `start` on can be an identification (`/XXX5…`, IEC 62056-21 §6.3.2).

    Behind other bytes on its line, where a value's text could hold a `/` too, more of it must be right.
    """
    if not 6 <= end - start <= _LONGEST_HEADER or data[start] != 47:
        return False
    for at in range(start + 1, start + 4):
        if not 65 <= data[at] & 0xDF <= 90:
            return False
    if in_mid_line:
        if not (48 <= data[start + 4] <= 57 or data[start + 4] == 45):
            return False
        for at in range(start + 1, end):
            if data[at] in b"()!/":
                return False
    return True


def sealed_length(data, at):
    """Length of the ciphered frame whose first 14 bytes stand at `at`, 0 if they begin none."""
    size = data[at + 10]
    at += 11
    before = 11
    if size == 0x82:
        size = data[at] << 8 | data[at + 1]
        before = 13
    elif size == 0x81:
        size = data[at]
        before = 12
    good = _SEALED_LEAST <= size <= LIMIT - before and data[at + before - 11] & 0xEF in b"\x20\x21\x22"
    return before + size if good else 0


class Framer:
    """Bytes go in through `room()` and `took()`; `find()` tells of each whole telegram at the buffer's start.

    `damaged` counts telegrams that were cut or lost their end, `crc_errors` those whose checksum differs, `too_long`
    those beyond LIMIT bytes.
    """

    def __init__(self):
        self.buffer = bytearray(LIMIT + _ROOM)
        self._view = memoryview(self.buffer)
        self.damaged = 0
        self.crc_errors = 0
        self.too_long = 0
        self.start()

    def start(self):
        """Forget what is held; another setting of the line begins."""
        self._held = 0
        self._line = 0
        self._searched = 0
        self._cut = False
        self._skip = 0
        self._sealed = False
        self._total = 0
        self.open = False

    def room(self):
        """Where the next bytes go, at most 64 of them."""
        return self._view[self._held : self._held + _ROOM]

    def took(self, count):
        """That many bytes have come."""
        self._held += count

    def find(self):
        """Length of the whole telegram that stands at the buffer's start, 0 if there is none; `drop()` goes on."""
        while True:
            if not self.open and not self._seek():
                return 0
            if self._total:
                self._skip = self._total
                return self._total if self._held >= self._total else 0
            end = self.buffer.find(b"\n", self._searched, self._held) + 1
            if not end:
                self._searched = self._held
                self._bound()
                return 0
            length = self._take_line(end)
            if length:
                return length

    def find_idle(self):
        """The same when the line has gone quiet: a telegram whose `!` has come needs no line end."""
        if self._total:
            self.damaged += 1
            self._skip = self._held
            self.drop()
        elif self.open and self._is_end(self._held):
            return self._judge(self._held)
        return 0

    def drop(self):
        """Done with the telegram that was found."""
        self._forget(self._skip)
        self._total = 0
        self.open = False

    def _seek(self):
        """Begin a ciphered frame where one begins; False when only more bytes can tell."""
        at = self.buffer.find(b"\xdb\x08", 0, self._held)
        while at >= 0:
            if self._held - at < _SEALED_HEAD:
                return False
            self._total = sealed_length(self.buffer, at)
            if self._total:
                self._forget(at)
                self.open = True
                break
            at = self.buffer.find(b"\xdb\x08", at + 1, self._held)
        return True

    def _take_line(self, end):
        header = self._header(end)
        self._cut = False
        if header >= 0:
            if self.open:
                self.damaged += 1
            self._forget(header)
            self.open = True
            self._line = self._searched = end - header
        elif not self.open:
            self._forget(end)
        elif end > LIMIT:
            self.too_long += 1
            self.open = False
            self._forget(end)
        elif self._is_end(end):
            return self._judge(end)
        else:
            self._line = self._searched = end
        return 0

    def _header(self, end):
        """Where an identification begins on the line, -1 if nowhere."""
        line = self._line
        at = self.buffer.rfind(b"/", line, end)
        if at < 0:
            return -1
        return at if is_header(self.buffer, at, end, self._cut or at > line) else -1

    def _is_end(self, end):
        line = self._line
        return line < end and self.buffer[line] == 33 and self.buffer.find(b"(", line, end) < 0

    def _judge(self, end):
        """The telegram's length if it is whole, 0 if its checksum says otherwise."""
        self._skip = end
        told = bytes(self._view[self._line + 1 : end]).strip()
        try:
            good = int(told, 16) == crc(self.buffer, self._line + 1) if told else not self._sealed
        except ValueError:
            good = False
        if good and len(told) <= 4:
            self._sealed = self._sealed or bool(told)
            return end
        self.crc_errors += 1
        self.drop()
        return 0

    def _bound(self):
        """Give up what exceeds the buffer, but keep what may be the beginning of the next telegram."""
        if self._held <= LIMIT:
            return
        if self.open:
            self.too_long += 1
            self.open = False
        tail = max(self._line, self._held - _LONGEST_HEADER)
        self._cut = self._cut or tail > self._line
        self._forget(tail)
        self._searched = self._held

    def _forget(self, count):
        """Move what follows the first `count` bytes to the buffer's start."""
        if count:
            held = self._held - count
            self._view[:held] = self._view[count : self._held]
            self._held = held
        self._line = self._searched = 0
