"""The chip, as far as the firmware asks for it; what outlives a reset lies in the file that FIRMWARE_RTC names."""

import _thread
import os
import sys
import time

AGAIN = 75  # the process ends with this where the chip would restart
PWRON_RESET, WDT_RESET, SOFT_RESET, DEEPSLEEP_RESET, HARD_RESET = 0, 1, 4, 5, 6

_main = _thread.get_ident()
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
        if os.getenv("FIRMWARE_HURRY"):
            _thread.start_new_thread(
                self._run, (period // int(os.getenv("FIRMWARE_HURRY")), mode, callback, self.round)
            )

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

    def __init__(self, number: int, _mode: int = -1) -> None:
        self.number = number
        self.level = 0

    def __call__(self, level: int | None = None) -> int:
        """Set or tell the level."""
        if level is not None:
            self.level = level
        return self.level
