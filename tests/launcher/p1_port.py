"""A meter behind a pseudo-terminal: what it sends is legible only to who listens at its speed."""

import os
import pty
import termios
import threading
from collections.abc import Iterable
from itertools import cycle
from types import TracebackType
from typing import Self

_SPEEDS = {9600: termios.B9600, 115_200: termios.B115200}
_EVEN_PARITY = bytes(byte | 0x80 if byte.bit_count() % 2 else byte for byte in range(128)) + bytes(128)
_UPSIDE_DOWN = bytes(((~byte << 1) & 0xFF) | 1 for byte in range(256))
_WRONG_SPEED = bytes((byte * 37 + 0xC0) & 0xFF | 0x80 for byte in range(256))


def upside_down(data: bytes) -> bytes:
    """What an 8N1 receiver makes of an inverted line."""
    return data.translate(_UPSIDE_DOWN)


class P1Port:
    """`with P1Port(telegrams) as port`: plays them over and over, one every `interval_s`, at `port.device`."""

    def __init__(
        self, telegrams: Iterable[bytes], *, speed: int = 115_200, seven_bit: bool = False, interval_s: float = 0.1
    ) -> None:
        self._telegrams = list(telegrams)
        self._speed = _SPEEDS[speed]
        self._seven_bit = seven_bit
        self._interval_s = interval_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._play)
        self._meter, self._cable = pty.openpty()
        attributes = termios.tcgetattr(self._cable)
        attributes[0] = attributes[1] = attributes[3] = 0
        termios.tcsetattr(self._cable, termios.TCSANOW, attributes)
        self.device = os.ttyname(self._cable)
        os.close(self._cable)
        os.set_blocking(self._meter, False)

    def _play(self) -> None:
        for telegram in cycle(self._telegrams or [b""]):
            if self._over.wait(self._interval_s):
                return
            listens_right = termios.tcgetattr(self._meter)[4] == self._speed
            data = telegram.translate(_EVEN_PARITY) if self._seven_bit else telegram
            try:
                os.write(self._meter, data if listens_right else data[: len(data) // 4].translate(_WRONG_SPEED))
            except OSError:  # nobody listens: a meter does not mind
                continue

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._meter)
