"""The chip, as far as the firmware asks for it; what outlives a reset lies in the file that FIRMWARE_RTC names."""

import _thread
import os
import select
import sys
import termios
import time

from micropython import const

AGAIN = 75  # the process ends with this where the chip would restart
PWRON_RESET, WDT_RESET, SOFT_RESET, DEEPSLEEP_RESET, HARD_RESET = 0, 1, 4, 5, 6

_CFLAG = const(2)
_ISPEED = const(4)
_OSPEED = const(5)
_CC = const(6)
_VTIME = const(5)
_VMIN = const(6)
_CSIZE = const(0o60)
_CS7 = const(0o40)
_CS8 = const(0o60)
_PARITY = const(0o1400)
_EVEN = const(0o400)
_SPEEDS_AND_STOP = const(0o10117)

_main = _thread.get_ident()
_hurry = os.getenv("FIRMWARE_HURRY") or ""
if _hurry and not (_hurry.isdigit() and int(_hurry)):
    raise ValueError("FIRMWARE_HURRY is a whole number from 1 on, not " + _hurry)
_kept = open(os.getenv("FIRMWARE_RTC"), "r+b") if os.getenv("FIRMWARE_RTC") else None


def reset() -> None:
    """End the process, to be started again; from an interrupt, ask for that and stand still."""
    if _thread.get_ident() != _main:
        print("RESET FROM AN INTERRUPT")
        while True:
            time.sleep(1)
    sys.exit(AGAIN)


def reset_cause() -> int:
    """Why the chip started, as FIRMWARE_RESET_CAUSE says."""
    return int(os.getenv("FIRMWARE_RESET_CAUSE") or 0)


def unique_id() -> bytes:
    """The last bytes of the chip's MAC address, backwards."""
    return b"\x3f\x02\x01\x00"


class RTC:
    """The memory that only a power cut clears."""

    def __init__(self) -> None:
        self.file = _kept
        self.kept = b""

    def memory(self, content: bytes | None = None) -> bytes | None:
        """What it holds, or hold this."""
        if content is not None:
            self.kept = bytes(content)
            if self.file:
                self.file.seek(0)
                self.file.write(bytes([len(self.kept)]) + self.kept)
            return None
        if self.file:
            self.file.seek(0)
            size = self.file.read(1)
            self.kept = self.file.read(size[0]) if size else b""
        return self.kept


class Timer:
    """A timer whose callback comes from another thread, as an interrupt does; FIRMWARE_HURRY divides its time."""

    ONE_SHOT, PERIODIC = 0, 1

    def __init__(self, _number: int) -> None:
        self.round = 0

    def init(self, *, period: int, mode: int, callback: object, hard: bool = False) -> None:
        """Call back after `period` ms, once or again and again."""
        del hard
        self.round += 1
        if _hurry:
            _thread.start_new_thread(self._run, (period // int(_hurry), mode, callback, self.round))

    def deinit(self) -> None:
        """Call back no more."""
        self.round += 1

    def _run(self, period: int, mode: int, callback: object, current: int) -> None:
        while True:
            time.sleep_ms(period)
            if self.round != current:
                return
            callback(self)
            if mode == self.ONE_SHOT:
                return


class Pin:
    """A pin that remembers its level."""

    OUT, IN = 1, 0

    def __init__(self, number: int, _mode: int = -1, _pull: int = -1, *, value: int | None = None) -> None:
        self.number = number
        self.level = 0
        if value is not None:
            self(value)

    def __call__(self, level: int | None = None) -> int:
        """Set or tell the level."""
        if level is not None and level != self.level:
            self.level = level
            path = os.getenv("FIRMWARE_PINS")
            if path:
                with open(path, "a") as record:
                    record.write("%d %d %d\n" % (time.ticks_ms(), self.number, level))
        return self.level


class UART:
    """A serial port or a pseudo-terminal; `readinto()` takes what is there, None where nothing is."""

    def __init__(self, _number: int, baudrate: int = 115200, *, rxbuf: int = 0) -> None:
        path = os.getenv("FIRMWARE_PORT")
        if not path:
            raise OSError("FIRMWARE_PORT names no port")
        self._file = open(path, "rb")
        termios.setraw(self._file.fileno())
        self._poller = select.poll()
        self._poller.register(self._file, select.POLLIN)
        self.rxbuf = bytearray(rxbuf)
        self.init(baudrate=baudrate)

    def init(self, *, baudrate: int, bits: int = 8, parity: int | None = None, stop: int = 1) -> None:
        """Set the line."""
        number = self._file.fileno()
        flags = termios.tcgetattr(number)
        speed = termios.B9600 if baudrate == 9600 else termios.B115200
        cflag = flags[_CFLAG] & ~(_CSIZE | _PARITY | _SPEEDS_AND_STOP) | speed
        flags[_CFLAG] = cflag | (_CS8 if bits == 8 else _CS7) | (0 if parity is None else _EVEN)
        flags[_ISPEED] = flags[_OSPEED] = speed
        flags[_CC][_VMIN] = flags[_CC][_VTIME] = 0
        termios.tcsetattr(number, termios.TCSANOW, flags)

    def readinto(self, data: bytearray) -> int | None:
        """Read what fits and is there; return how many bytes, None for none."""
        for _, event in self._poller.poll(0):
            if not event & select.POLLIN:
                raise OSError("the port is gone")
            return self._file.readinto(data) or None
        return None
