"""A meter at the far end of a pseudo-terminal, heard as a UART at the near end's speed would hear it."""

import os
import pty
import termios
import threading
import tty
from pathlib import Path
from random import Random
from typing import Self

from tests.reader.telegrams import with_parity

SPEEDS = {termios.B9600: 9600, termios.B115200: 115_200}
SETTLE_S = 0.05


class MeterAtPort:
    """Sends one telegram over and over at its own speed; `port` is a path that stays the same when it is replugged."""

    def __init__(
        self, port: Path, telegram: bytes, *, speed: int, seven_bit: bool = False, every_s: float = 0.2
    ) -> None:
        self.port = port
        self.sent = 0
        self._telegram = with_parity(telegram) if seven_bit else telegram
        self._speed = speed
        self._every_s = every_s
        self._stop = threading.Event()
        self._master = -1
        self._thread: threading.Thread | None = None

    def plug(self) -> None:
        """Make the port appear, and send."""
        self._master, slave = pty.openpty()
        tty.setraw(slave)
        self.port.symlink_to(os.ttyname(slave))
        self._slave = slave
        self._stop.clear()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._thread.start()

    def unplug(self) -> None:
        """Make the port disappear."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self.port.unlink()
        os.close(self._slave)
        os.close(self._master)

    def __enter__(self) -> Self:
        self.plug()
        return self

    def __exit__(self, *error: object) -> None:
        self.unplug()

    def _send(self) -> None:
        os.set_blocking(self._master, False)
        garble = Random(7)
        while not self._stop.wait(self._every_s):
            heard_at = SPEEDS.get(termios.tcgetattr(self._master)[4])
            data = self._telegram if heard_at == self._speed else garbled(self._telegram, self._speed, heard_at, garble)
            try:
                os.write(self._master, data)
            except BlockingIOError:
                termios.tcflush(self._slave, termios.TCIOFLUSH)
            self.sent += 1


def garbled(data: bytes, sent_at: int, heard_at: int | None, random: Random) -> bytes:
    """What a UART makes of the line at a wrong speed: long runs of equal bits, or a few random bytes."""
    if heard_at is None or heard_at < sent_at:
        return random.randbytes(max(len(data) // 12, 1))
    runs = (0x00, 0xFF, 0xE0, 0xFE, 0x80, 0x1F, 0xF8, 0x03)
    return bytes(random.choice(runs) for _ in range(len(data) * 8))
