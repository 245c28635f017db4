"""Times as rows hold them: Unix milliseconds."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
QUARTER_MS = 900_000
BLOCK_MS = 24 * QUARTER_MS
_MILLISECOND = timedelta(milliseconds=1)


def to_ms(time: datetime) -> int:
    """Return Unix milliseconds of an aware time."""
    return (time - EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Return the time, in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def quarter_of(ms: int) -> int:
    """Return the boundary that ends the quarter in which `ms` lies: a boundary itself ends the quarter before it."""
    return -(-ms // QUARTER_MS) * QUARTER_MS
