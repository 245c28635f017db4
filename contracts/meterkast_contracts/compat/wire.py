"""How meters and the programs that read them write values: times, octet strings, numbers, JSON."""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Reading

LONGEST_ID = 17
"""Characters of the longest equipment id (DSMR P1 5.0.2 §6.12: the number on the meter); longer hex is no text."""
BELGIAN_VERSION = 5
"""Digits of `0-0:96.1.4`, where `1-3:0.2.8` has two."""


def timestamp(at: datetime, zone: ZoneInfo) -> str:
    """Return the time as a telegram writes it: YYMMDDhhmmss and S or W (DSMR P1 5.0.2 §6.4, TST)."""
    local = at.astimezone(zone)
    return f"{local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'}"


def octets(text: str) -> str:
    """Return the text as the octet string of a telegram, in hex; what stands in hex already stays."""
    if len(text) > LONGEST_ID and len(text) % 2 == 0 and set(text) <= set("0123456789ABCDEFabcdef"):
        return text
    return text.encode("latin-1", "replace").hex().upper()


def fixed(value: Decimal | int, places: int) -> str:
    """Return the number with so many decimals, halves up."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def plain(value: Decimal | int) -> str:
    """Return the number without zeros behind its decimals."""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def scaled(value: int, places: int) -> Decimal:
    """Return a database's integer as the number it stands for."""
    return Decimal(value).scaleb(-places)


def quoted(text: str) -> str:
    """Return the text as a JSON string."""
    return json.dumps(text, ensure_ascii=False)


def members(pairs: Iterable[tuple[str, str]]) -> str:
    """Return names and JSON texts as the members of an object, without spaces."""
    return ",".join(f'"{name}":{value}' for name, value in pairs)


def energy(reading: Reading, way: str) -> Decimal | int | None:
    """Return the kWh of all tariffs of a way, `import` or `export`; None where the meter gives none."""
    total = reading.number(f"energy_{way}_kwh")
    if total is not None:
        return total
    tariffs = [value for n in range(1, 9) if (value := reading.number(f"energy_{way}_t{n}_kwh")) is not None]
    return sum(tariffs) if tariffs else None
