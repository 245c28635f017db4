"""Which values history keeps and how, all of it following from the catalogue."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from meterkast_contracts.catalogue import CATALOGUE, Kind

GAIN = "_gain"
LIMIT = 2**53
MOST_DIGITS = 15

_KEPT = {entry.name: entry for entry in CATALOGUE if entry.kept}

REGISTERS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        name: (e.database_field, e.database_shift)
        for name, e in _KEPT.items()
        if e.kind is Kind.REGISTER and not e.codes[0].startswith("0-n:")
    }
)
"""Electricity's registers: catalogue name → database field and decimal places that make the value its integer.

Those of M-Bus devices stand in rows of their own, at their own time; here they would be counted twice.
"""

GAUGES: Mapping[str, int] = MappingProxyType(
    {name: e.decimals for name, e in _KEPT.items() if e.kind is not Kind.REGISTER}
)
"""Catalogue name → decimal places by which rows hold it scaled."""

AGGREGATED = tuple(name for name, entry in _KEPT.items() if entry.kind is Kind.GAUGE)
"""Gauges of which each quarter keeps sum, lowest and highest."""

_GAUGE_FIELDS = {
    **GAUGES,
    **{f"{name}{suffix}": GAUGES[name] for name in AGGREGATED for suffix in ("_sum", "_min", "_max")},
}


def gauge_decimals(field: str) -> int | None:
    """Return by how many decimal places a row's field is scaled, None where it is no gauge."""
    return _GAUGE_FIELDS.get(field)


def tells_gauge(field: str) -> bool:
    """Whether a row's field holds a gauge, or what a quarter knows of one."""
    return field in _GAUGE_FIELDS or field.rpartition("_")[0] in AGGREGATED


def register_value(value: Decimal | int | str | None, shift: int) -> int | None:
    """Return the value in its smallest unit, cut off below it; None for anything but a sane number."""
    if value is None or isinstance(value, str):
        return None
    exact = Decimal(value)
    if not exact.is_finite() or exact.adjusted() > MOST_DIGITS or not 0 <= (scaled := exact.scaleb(shift)) < LIMIT:
        return None
    return int(scaled)


def gauge_value(value: Decimal | float | str | None, decimals: int) -> int | float | None:
    """Return the value scaled by its decimals, an integer where that is exact; None for anything but a sane number."""
    if value is None or isinstance(value, str):
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if (
        not exact.is_finite()
        or exact.adjusted() > MOST_DIGITS
        or not -LIMIT < (scaled := exact.scaleb(decimals)) < LIMIT
    ):
        return None
    whole = int(scaled)
    return whole if whole == scaled else float(scaled)


def natural(scaled: float, decimals: int) -> int | float:
    """Undo the scaling of a gauge."""
    if not decimals:
        return scaled
    return scaled / 10**decimals if isinstance(scaled, int) else float(Decimal(repr(scaled)).scaleb(-decimals))
