"""History's integers as the JSON of the answers, decimals exact."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from meterkast_contracts.catalogue import DATABASE_SHIFT, UNITS
from meterkast_contracts.messages import Event
from meterkast_store.history import PowerBin, PowerCurve, Spread, Usage

_UNIT_OF = {unit: (UNITS[quantity][0].lower(), shift) for quantity, (unit, shift) in DATABASE_SHIFT.items()}


@cache
def _column(database_field: str) -> tuple[str, int]:
    stem, _, unit = database_field.rpartition("_")
    name, shift = _UNIT_OF.get(unit, (unit, 0))
    return f"{stem}_{name}", shift


@lru_cache(maxsize=8192)
def exact(value: int, shift: int) -> orjson.Fragment:
    """The integer with its decimal point moved so many places to the left, as a JSON number."""
    if not shift:
        return orjson.Fragment(str(value))
    digits = str(abs(value)).rjust(shift + 1, "0")
    return orjson.Fragment(f"{'-' if value < 0 else ''}{digits[:-shift]}.{digits[-shift:]}")


def _values(values: Mapping[str, int]) -> dict[str, orjson.Fragment]:
    found = {}
    for database_field, value in values.items():
        name, shift = _column(database_field)
        found[name] = exact(value, shift)
    return found


def usage_json(usage: Usage, start: datetime, end: datetime) -> bytes:
    """The usage table; times in its time zone."""
    zone = ZoneInfo(usage.timezone)

    @cache
    def local(at: datetime) -> str:
        return at.astimezone(zone).isoformat()

    return orjson.dumps(
        {
            "gateway": usage.gateway,
            "per": usage.per,
            "timezone": usage.timezone,
            "from": local(start),
            "to": local(end),
            "rows": [
                {
                    "from": local(row.start),
                    "to": local(row.end),
                    "complete": row.complete,
                    "hole": row.hole,
                    **_values(row.values),
                }
                for row in usage.rows
            ],
            "holes": [
                {"from": local(hole.start), "to": local(hole.end), **_values(hole.values)} for hole in usage.holes
            ],
            "total": _values(usage.total()),
        }
    )


def power_json(curve: PowerCurve, fields: Sequence[str]) -> bytes:
    """The curves, a null in every bin without readings."""
    start, step = curve.start.timestamp(), curve.step_s
    count = max(round((curve.end.timestamp() - start) / step), 1)
    bins: list[PowerBin | None] = [None] * count
    for entry in curve.bins:
        bins[min(int((entry.start.timestamp() - start) / step + 0.5), count - 1)] = entry
    return orjson.dumps(
        {
            "gateway": curve.gateway,
            "from": curve.start,
            "to": curve.end,
            "step_s": step,
            "times": [start + number * step for number in range(count)],
            "fields": {name: _curve(bins, name) for name in fields},
        },
        option=orjson.OPT_UTC_Z,
    )


def _curve(bins: Iterable[PowerBin | None], name: str) -> dict[str, list[Any]]:
    spreads: list[Spread | None] = [entry.values.get(name) if entry is not None else None for entry in bins]
    return {
        "min": [spread and spread.minimum for spread in spreads],
        "mean": [spread and round(spread.mean, 3) for spread in spreads],
        "max": [spread and spread.maximum for spread in spreads],
    }


def events_json(gateway: str, start: datetime, end: datetime, events: Sequence[Event]) -> bytes:
    """The events, newest first."""
    return orjson.dumps(
        {
            "gateway": gateway,
            "from": start,
            "to": end,
            "events": [orjson.Fragment(event.to_json()) for event in events],
        },
        option=orjson.OPT_UTC_Z,
    )
