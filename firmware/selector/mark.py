"""What runs, and a note in the RTC's memory that only a power cut clears: all that stays in the heap of state.py."""

import machine

RUNNING = b"R"  # still there at the next boot: the application ended by itself
FAILED = b"F"  # the note says why it ended
LATE = b"L"  # the trial's time was over

_memory = machine.RTC()
_mark = bytearray(101)
_slot = ""
_release = ("?", 0)
_deadline = None


def note(text: str, kind: bytes = RUNNING) -> None:
    """Keep what is being done where a reset leaves it (100 letters of ASCII), for the reason of a failure."""
    text = text.encode()
    for i in range(100):
        letter = text[i] if i < len(text) else 32
        _mark[i + 1] = letter if 31 < letter < 127 else 63
    _mark[0] = kind[0]
    _memory.memory(_mark)


def running() -> str:
    """The slot that runs."""
    return _slot


def version() -> str:
    """The version of what runs, "?" if its slot is damaged."""
    return _release[0]


def sequence() -> int:
    """The place of what runs in the order of releases, 0 if its slot is damaged."""
    return _release[1]


def begin(slot: str, release: tuple | None) -> None:
    """Remember what runs: the slot, and the version and sequence of its release."""
    global _slot, _release  # noqa: PLW0603 - a chip runs one thing
    _slot = slot
    _release = release or ("?", 0)
    note("starting")


def limit(within_ms: int) -> None:
    """Reset when this time has passed, in an interrupt; 0 lifts the limit."""
    global _deadline  # noqa: PLW0603 - the same
    if _deadline:
        _deadline.deinit()
        _deadline = None
    if within_ms:
        _deadline = machine.Timer(-1)
        _deadline.init(period=within_ms, mode=machine.Timer.ONE_SHOT, callback=_late, hard=True)


def _late(_timer: object) -> None:  # in an interrupt: nothing may be allocated
    _mark[0] = 76
    _memory.memory(_mark)
    machine.reset()
