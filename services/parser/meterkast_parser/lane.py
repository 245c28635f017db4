"""The milliseconds that one of several parsers may give to telegrams without a clock."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zlib import crc32

LANES = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Lane:
    """Every 64th millisecond, so that two parsers never give one gateway's telegrams the same time."""

    number: int

    @classmethod
    def of(cls, instance: str) -> Self:
        """Return the lane of an instance: by the number at the end of its name, else by its CRC-32."""
        digits = re.search(r"[0-9]+$", instance)
        return cls((int(digits[0]) if digits else crc32(instance.encode())) % LANES)

    def at_or_after(self, moment: datetime) -> datetime:
        """Return the first time in the lane that is not before the moment."""
        since = -((_EPOCH - moment) // _MILLISECOND)
        return _EPOCH + (since + (self.number - since) % LANES) * _MILLISECOND
