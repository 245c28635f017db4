"""What the pure modules of the firmware need of MicroPython on CPython."""


def const(value: int) -> int:
    """The value."""
    return value
