"""The dialects of the P1 port, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meterkast_reader.simulator.abroad import AUSTRIA, EASYMETER, HUNGARY, LITHUANIA, SWITZERLAND, nordic
from meterkast_reader.simulator.benelux import (
    DUTCH_5,
    FLEMISH_14,
    FLEMISH_21,
    LUXEMBOURG,
    WALLOON,
    WARMTELINK,
    dutch_4,
    old_dutch,
)
from meterkast_reader.simulator.line_groups import Line


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of meter: its first line, clock, checksum, speed, and its lines."""

    name: str
    identification: str
    zone: str
    lines: tuple[Line, ...]
    crc: bool = True
    tail: bytes = b""
    interval_s: int = 10
    mbus_period_s: int = 3600
    line: str = "115200 8N1"


_NL, _BE = "Europe/Amsterdam", "Europe/Brussels"
_FIVE_MINUTES = 300

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            Dialect("nl-dsmr22", r"/KMP5 KA6U001660000000", _NL, old_dutch("4.2*kW", "999*A", "3"),
                    crc=False, line="9600 7E1"),
            Dialect("nl-dsmr3", r"/ISk5\2MT382-1003", _NL, old_dutch("4.2*kW", "0999.00*kW", "03"),
                    crc=False, line="9600 7E1"),
            Dialect("nl-dsmr40", r"/XMX5LGBBFFB231000000", _NL, dutch_4("40", limits=True)),
            Dialect("nl-dsmr42", r"/KFM5KAIFA-METER", _NL, dutch_4("42", limits=False)),
            Dialect("nl-dsmr5", r"/ISK5\2M550T-1012", _NL, DUTCH_5, interval_s=1, mbus_period_s=_FIVE_MINUTES),
            Dialect("be-emucs", r"/FLU5\253769484_A", _BE, FLEMISH_21, interval_s=1, mbus_period_s=_FIVE_MINUTES),
            Dialect("be-emucs-14", r"/FLU5\253770234_A", _BE, FLEMISH_14, interval_s=1, mbus_period_s=_FIVE_MINUTES),
            Dialect("be-iskra", r"/ISk5\2MIE5T-200", _BE, WALLOON, interval_s=1),
            Dialect("lu-smarty", r"/Lux5\253694471_M", "Europe/Luxembourg", LUXEMBOURG),
            Dialect("se", r"/ELL5\253833635_A", "Europe/Stockholm", nordic("kvar", paired=False)),
            Dialect("fi", r"/ADN9 7534", "Europe/Helsinki", nordic("kVAr", paired=True)),
            Dialect("hu", r"/SAG5SAG-METER", "Europe/Budapest", HUNGARY),
            Dialect("at", r"/EST5\253740976_A", "Europe/Vienna", AUSTRIA),
            Dialect("ch", r"/GRE5\253700000_A", "Europe/Zurich", SWITZERLAND),
            Dialect("lt", r"/ESO5\253880853_A", "Europe/Vilnius", LITHUANIA),
            Dialect("de-q3d", r"/ESY5Q3DA1004 V3.04", "Europe/Berlin", EASYMETER, crc=False,
                    tail=b"  00000000\r\nDE0000000000000000000000000000000\r\n", interval_s=2, line="9600 7E1"),
            Dialect("heat-warmtelink", r"/NWA-WARMTELINK", _NL, WARMTELINK),
        )
    }
)  # fmt: skip
"""Every dialect by name."""
