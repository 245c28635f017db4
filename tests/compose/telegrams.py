"""Telegrams of a meter that counts as a test wants."""

from datetime import datetime
from zoneinfo import ZoneInfo

from tests.parser.telegrams import telegram

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def dsmr_5(at: datetime, *, import_kwh: str, power_kw: str = "00.400") -> bytes:
    """A telegram of a moment: what the first tariff's dial shows, and the power."""
    local = at.astimezone(AMSTERDAM)
    season = "S" if local.dst() else "W"
    return telegram(
        "MKT5\\2SYNTHETIC",
        "1-3:0.2.8(50)",
        f"0-0:1.0.0({local:%y%m%d%H%M%S}{season})",
        "0-0:96.1.1(4D4B543030303030303030303031)",
        f"1-0:1.8.1({import_kwh}*kWh)",
        "1-0:1.8.2(002345.678*kWh)",
        f"1-0:1.7.0({power_kw}*kW)",
        "1-0:2.7.0(00.000*kW)",
    )
