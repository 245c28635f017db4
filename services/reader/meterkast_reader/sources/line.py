"""Finding the speed of a serial line by listening.

Ports are always read as 8N1. A 7E1 byte is as long on the wire, so it arrives whole with its parity in bit 7, where
framing sees it, checks it (serial drivers here would not) and takes it off. Only the speed is left to find.
"""

from dataclasses import dataclass, field

from meterkast_reader.framing import Frame, Framer

SPEEDS = (115_200, 9600)
LISTEN_S = 12.5
"""Long enough for one telegram of a meter that sends every ten seconds."""
LOST_AFTER_S = 30.0
_ENOUGH = 48
_LEGIBLE = 0.8
_TEXT = frozenset(b"\r\n\t") | frozenset(range(0x20, 0x7F))
_READABLE = bytes(byte for byte in range(256) if byte in _TEXT or (byte.bit_count() % 2 == 0 and byte & 0x7F in _TEXT))
"""Text, with or without even parity."""


@dataclass
class LineSearch:
    """Decides from what was heard whether the present speed is right; times are seconds of any steady clock."""

    speeds: tuple[int, ...] = SPEEDS
    found: bool = False
    seven_bit: bool = False
    _index: int = 0
    _since: float = 0.0
    _heard: int = 0
    _legible: int = 0
    _framer: Framer = field(default_factory=Framer)

    @property
    def speed(self) -> int:
        """The speed to listen at now."""
        return self.speeds[self._index]

    @property
    def line(self) -> str | None:
        """The setting found, as people write it."""
        return f"{self.speed} {'7E1' if self.seven_bit else '8N1'}" if self.found else None

    def begin(self, now: float) -> None:
        """Listening at the present speed begins."""
        self._since = now
        self._heard = self._legible = 0
        self._framer = Framer()

    def hear(self, data: bytes, now: float) -> bool:
        """Take what was heard (nothing: the line is idle); True when this found the speed."""
        self._heard += len(data)
        self._legible += len(data) - len(data.translate(None, _READABLE))
        events = self._framer.feed(data) if data else self._framer.flush()
        frames = [event for event in events if isinstance(event, Frame)]
        if not frames:
            return False
        self.seven_bit = frames[-1].seven_bit
        news = not self.found
        self.found = True
        self._since = now
        self._heard = self._legible = 0
        return news

    def wrong(self, now: float) -> bool:
        """Whether to try another speed: what came was no text, or no telegram came in time."""
        noise = self._heard >= _ENOUGH and self._legible < _LEGIBLE * self._heard
        if self.found:
            return noise and now - self._since > LOST_AFTER_S
        return noise or now - self._since > LISTEN_S

    def next(self, now: float) -> None:
        """Try the next speed."""
        self.found = False
        self._index = (self._index + 1) % len(self.speeds)
        self.begin(now)
