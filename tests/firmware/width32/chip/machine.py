"""The chip's own modules without a chip: nothing comes in, and where the UART is set up the heap is measured."""

import sys

timers: list[object] = []


def reset() -> None:
    """End."""
    sys.exit(75)


def reset_cause() -> int:
    """Power on."""
    return 0


def unique_id() -> bytes:
    """Some chip's."""
    return b"\x3f\x02\x01\x00"


class RTC:
    """A memory that keeps nothing."""

    def memory(self, content: bytes = b"") -> bytes:
        """Nothing."""
        return b""


class Pin:
    """A pin without a lead."""

    OUT = 1

    def __init__(self, _number: int, _mode: int = 1, value: int = 0) -> None:
        pass

    def __call__(self, _level: int = 0) -> int:
        """Dark."""
        return 0


class Timer:
    """A timer that never rings."""

    PERIODIC = 1
    ONE_SHOT = 0

    def __init__(self, _number: int) -> None:
        timers.append(self)

    def init(self, period: int, mode: int, callback: object, hard: bool) -> None:
        """It has begun, and holds whom it would call."""
        self.callback = callback

    def deinit(self) -> None:
        """It has ended."""


class UART:
    """A line without a meter; the gateway sets it up when all that it holds is there but the ring."""

    def __init__(self, _number: int, _baud: int, rxbuf: int) -> None:
        self.buffer = bytearray(rxbuf)

    def init(self, baudrate: int, bits: int, parity: int, stop: int) -> None:
        """End, with all that is held."""
        sys.exit()

    def readinto(self, _data: bytearray) -> None:
        """Nothing came."""
