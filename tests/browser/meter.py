"""A meter made by hand: registers that a test moves, and the telegram that shows them (DSMR P1 5.0.2, e-MUCS-P1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from meterkast_reader.crc import seal

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_PHASE_CODES = (20, 40, 60)


@dataclass
class Meter:
    """Registers in Wh and litres, power of each phase in W (negative is export), volts in tenths."""

    import_t1_wh: int = 4_713_482
    import_t2_wh: int = 5_120_055
    export_t1_wh: int = 1_204_310
    export_t2_wh: int = 2_830_970
    gas_l: int = 3_210_480
    phases_w: Sequence[int] = (412, 180, 96)
    volts: Sequence[int] = (2314, 2298, 2325)
    demand_w: int | None = None
    peak_w: int | None = None
    peak_at: datetime | None = None
    zone: ZoneInfo = AMSTERDAM

    @property
    def net_w(self) -> int:
        """Import less export of the whole house."""
        return sum(self.phases_w)

    def advance(self, watt_hours: int, gas_l: int = 0) -> None:
        """Turn the dials: import (in tariff 2) or, where negative, export."""
        if watt_hours >= 0:
            self.import_t2_wh += watt_hours
        else:
            self.export_t2_wh -= watt_hours
        self.gas_l += gas_l

    def telegram(self, at: datetime) -> bytes:
        """The telegram of this moment."""
        gas_at = at - timedelta(minutes=at.minute % 5, seconds=at.second)
        lines = [
            "/MKT5\\2TESTMETER-1",
            "",
            "1-3:0.2.8(50)",
            f"0-0:1.0.0({self._stamp(at)})",
            "0-0:96.1.1(4530303030303030313233343536373839)",
            *(f"{code}({value // 1000:06d}.{value % 1000:03d}*kWh)" for code, value in self._energy()),
            "0-0:96.14.0(0002)",
            f"1-0:1.7.0({_kilowatt(max(self.net_w, 0))}*kW)",
            f"1-0:2.7.0({_kilowatt(max(-self.net_w, 0))}*kW)",
            *self._phases(),
            *self._demand(),
            "0-1:24.1.0(003)",
            "0-1:96.1.0(4730303030303030393837363534333231)",
            f"0-1:24.2.1({self._stamp(gas_at)})({self.gas_l // 1000:05d}.{self.gas_l % 1000:03d}*m3)",
            "!",
        ]
        return seal("\r\n".join(lines).encode("ascii"))

    def _stamp(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'}"

    def _energy(self) -> list[tuple[str, int]]:
        return [
            ("1-0:1.8.1", self.import_t1_wh),
            ("1-0:1.8.2", self.import_t2_wh),
            ("1-0:2.8.1", self.export_t1_wh),
            ("1-0:2.8.2", self.export_t2_wh),
        ]

    def _phases(self) -> list[str]:
        lines = []
        for step, watt, volt in zip(_PHASE_CODES, self.phases_w, self.volts, strict=True):
            lines += [
                f"1-0:{12 + step}.7.0({volt / 10:05.1f}*V)",
                f"1-0:{11 + step}.7.0({round(abs(watt) * 10 / volt):03d}*A)",
                f"1-0:{1 + step}.7.0({_kilowatt(max(watt, 0))}*kW)",
                f"1-0:{2 + step}.7.0({_kilowatt(max(-watt, 0))}*kW)",
            ]
        return lines

    def _demand(self) -> list[str]:
        if self.demand_w is None or self.peak_w is None or self.peak_at is None:
            return []
        return [
            f"1-0:1.4.0({_kilowatt(self.demand_w)}*kW)",
            f"1-0:1.6.0({self._stamp(self.peak_at)})({_kilowatt(self.peak_w)}*kW)",
        ]


def _kilowatt(watt: int) -> str:
    return f"{watt // 1000:02d}.{watt % 1000:03d}"
