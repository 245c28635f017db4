"""What each gateway's meters moved by the year: how two histories are compared."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from meterkast_store import HistoryStore, Period

SETTLING = timedelta(hours=2)
"""How far before the newest reading a sum ends: by then M-Bus readings have come too."""
Sums = Mapping[tuple[str, int], Mapping[str, int]]


async def sums_of(store: HistoryStore, until: Mapping[str, datetime], zone: ZoneInfo) -> Sums:
    """Return what every gateway used in every year, up to its time in `until`, by database field."""
    sums: dict[tuple[str, int], dict[str, int]] = {}
    for gateway, end in until.items():
        meters = await store.meters(gateway)
        if not meters:
            continue
        first = min(meter.first for meter in meters)
        for start, stop, per in _stretches(first, end, zone):
            usage = await store.usage(gateway, start, stop, per, zone)
            used = [(row.start, row.values) for row in usage.rows if row.end <= stop]
            used += [(hole.start, hole.values) for hole in usage.holes if hole.end <= stop]
            for at, values in used:
                total = sums.setdefault((gateway, at.astimezone(zone).year), defaultdict(int))
                for name, value in values.items():
                    total[name] += value
    return sums


async def ends_of(store: HistoryStore) -> dict[str, datetime]:
    """Return up to when each gateway's history can be compared with one that went on: the whole hour before."""
    ends: dict[str, datetime] = {}
    for meter in await store.meters():
        end = (meter.last - SETTLING).astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        ends[meter.gateway] = max(end, ends.get(meter.gateway, end))
    return ends


def _stretches(first: datetime, end: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, Period]]:
    """Whole years, then the whole months of the last one, its days, and the quarters of the last day."""
    local = end.astimezone(zone)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    month = day.replace(day=1)
    year = month.replace(month=1)
    start = first.astimezone(zone).replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    for stop, per in ((year, Period.YEAR), (month, Period.MONTH), (day, Period.DAY), (local, Period.QUARTER)):
        if start < stop:
            yield start, stop, per
            start = stop
