"""What the pure modules of the firmware need of the chip on CPython."""


def unique_id() -> bytes:
    """Some chip's."""
    return b"\x3f\x02\x01\x00"
