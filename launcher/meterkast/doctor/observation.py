"""What was seen at a port: bytes, telegrams, damage."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Reading, RejectReason
from meterkast_parser.decode import decode
from meterkast_parser.decryption import decrypt
from meterkast_parser.errors import TelegramError
from meterkast_reader.framing import Frame, Framer, Reason

_UPRIGHT = bytes(~(byte >> 1) & 0x7F for byte in range(256))
_DATA = re.compile(rb"\d-\d:\d{1,3}\.\d{1,3}\.\d{1,3}\(")
_ENOUGH_DATA_LINES = 2
_KEPT_NOISE = 4096


@dataclass(slots=True)
class Observation:
    """Feed it with what comes (nothing: the line is idle), and read off what it was."""

    zone: ZoneInfo
    key: bytes | None = None
    bytes_seen: int = 0
    good: int = 0
    crc_errors: int = 0
    cut: int = 0
    ciphered: int = 0
    refused: list[TelegramError] = field(default_factory=list)
    reading: Reading | None = None
    has_crc: bool = False
    arrivals: list[float] = field(default_factory=list)
    noise: bytearray = field(default_factory=bytearray)
    _framer: Framer = field(default_factory=Framer)

    def feed(self, data: bytes, at: float) -> None:
        """Take what came at a moment (seconds of any clock)."""
        self.bytes_seen += len(data)
        self.noise += data[: _KEPT_NOISE - len(self.noise)]
        for event in self._framer.feed(data) if data else self._framer.flush():
            if isinstance(event, Frame):
                self.arrivals.append(at)
                self._frame(event)
            elif event.reason in (Reason.TRUNCATED, Reason.TOO_LONG, Reason.PARITY):
                self.cut += 1

    def interrupt(self) -> None:
        """What comes next does not continue what came before."""
        self._framer = Framer()

    @property
    def telegrams(self) -> int:
        """Whole telegrams, good or not."""
        return len(self.arrivals)

    @property
    def interval_s(self) -> float | None:
        """Seconds between two telegrams, None while there are not two."""
        gaps = sorted(later - earlier for earlier, later in zip(self.arrivals, self.arrivals[1:], strict=False))
        return gaps[len(gaps) // 2] if gaps else None

    @property
    def inverted(self) -> bool:
        """Whether the bytes are what an upside-down signal of 8N1 text makes of it.

        Seen through the wrong level the stop bit of each character is the start bit of what is received: bit 0 is then
        always 1, and the bits above it are the character's lower seven, inverted.
        """
        return len(_DATA.findall(bytes(self.noise).translate(_UPRIGHT))) >= _ENOUGH_DATA_LINES

    def _frame(self, frame: Frame) -> None:
        try:
            data = frame.data
            if frame.ciphered:
                self.ciphered += 1
                if self.key is None:
                    return
                data = decrypt(data, key=self.key)
            self.reading = decode(data, gateway="doctor", received_at=_now(self.zone), zone=self.zone)
            self.has_crc = bool(data.rpartition(b"!")[2].strip())
            self.good += 1
        except TelegramError as error:
            self.crc_errors += error.reason is RejectReason.CRC
            self.refused.append(error)


def _now(zone: ZoneInfo) -> datetime:
    return datetime.now(zone)
