"""The dialects of the P1 port: for each the lines in the order and shape in which its meters write them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meterkast_reader.simulator.lines import (
    Writer,
    clock,
    failure_log,
    mbus,
    mbus_two_lines,
    month_peak,
    month_peak_reversed,
    month_registers,
    number,
    octets,
    peak_history,
    plain,
    text,
)

Line = tuple[str, Writer]


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


_PHASES = (("l1", 20), ("l2", 40), ("l3", 60))
_EMPTY = text("")


def _power(shape: str, code: str = "1-0:") -> tuple[Line, ...]:
    return ((f"{code}1.7.0", number("power_import", shape)), (f"{code}2.7.0", number("power_export", shape)))


def _phases(quantity: str, offset: int, shape: str) -> Iterable[Line]:
    """One line per phase; offsets: `power_import` 1, `power_export` 2, reactive 3 and 4, `current` 11, `voltage` 12."""
    return ((f"1-0:{step + offset}.7.0", number(f"{quantity}_{phase}", shape)) for phase, step in _PHASES)


def _phase_power(shape: str, *, paired: bool = False) -> tuple[Line, ...]:
    """Power of the phases, import then export; `paired`: both of a phase together."""
    lines = (*_phases("power_import", 1, shape), *_phases("power_export", 2, shape))
    return tuple(lines[i] for i in (0, 3, 1, 4, 2, 5)) if paired else lines


def _tariffs(shape: str, *, empty: int = 2) -> tuple[Line, ...]:
    """Energy by tariff, import then export; tariffs above 2 stand at zero."""
    lines: list[Line] = []
    for code, way in ((1, "import"), (2, "export")):
        lines += [(f"1-0:{code}.8.{tariff}", number(f"{way}_t{tariff}", shape)) for tariff in (1, 2)]
        lines += [(f"1-0:{code}.8.{tariff}", text("000000.000*kWh")) for tariff in range(3, empty + 1)]
    return tuple(lines)


def _sags(*, phases: int = 3) -> tuple[Line, ...]:
    return tuple(
        (f"1-0:{step + 12}.{code}.0", number(f"{what}_{phase}", "5.0"))
        for code, what in ((32, "sags"), (36, "swells"))
        for phase, step in _PHASES[:phases]
    )


_TARIFF: Line = ("0-0:96.14.0", number("tariff", "4.0"))
_CLOCK: Line = ("0-0:1.0.0", clock)
_FAILURES: tuple[Line, ...] = (
    ("0-0:96.7.21", number("failures", "5.0")),
    ("0-0:96.7.9", number("long_failures", "5.0")),
)
_MESSAGES: tuple[Line, ...] = (("0-0:96.13.1", _EMPTY), ("0-0:96.13.0", _EMPTY))
_GAS = (("0-1:24.1.0", text("003")), ("0-1:96.1.0", octets("G{:016d}")), ("0-1:24.2.1", mbus("gas", "5.3*m3")))


def _old_dutch(power: str, limit: str, device: str) -> tuple[Line, ...]:
    """DSMR 2.2 and 3.0: no clock of its own, gas on two lines."""
    return (
        ("0-0:96.1.1", octets("K{:016d}")),
        *_tariffs("5.3*kWh"),
        _TARIFF,
        *_power(power),
        ("0-0:17.0.0", text(limit)),
        ("0-0:96.3.10", text("1")),
        *_MESSAGES,
        ("0-1:24.1.0", text(device)),
        ("0-1:96.1.0", octets("2{:016d}")),
        ("0-1:24.3.0", mbus_two_lines(1, "gas", "5.3")),
        ("0-1:24.4.0", text("1")),
    )


def _dutch_4(version: str, *, limits: bool) -> tuple[Line, ...]:
    """DSMR 4.0 and 4.2; meters of 4.2 leave out limiter and breaker."""
    return (
        ("1-3:0.2.8", text(version)),
        _CLOCK,
        ("0-0:96.1.1", octets("E{:016d}")),
        *_tariffs("6.3*kWh"),
        _TARIFF,
        *_power("2.3*kW"),
        *((("0-0:17.0.0", text("999.9*kW")), ("0-0:96.3.10", text("1"))) if limits else ()),
        *_FAILURES,
        ("1-0:99.97.0", failure_log),
        *_sags(),
        *_MESSAGES,
        *_phases("current", 11, "3.0*A"),
        *_phase_power("2.3*kW", paired=not limits),
        *_GAS,
        *((("0-1:24.4.0", text("1")),) if limits else ()),
    )


_DUTCH_5 = (
    ("1-3:0.2.8", text("50")),
    _CLOCK,
    ("0-0:96.1.1", octets("E{:016d}")),
    *_tariffs("6.3*kWh"),
    _TARIFF,
    *_power("2.3*kW"),
    *_FAILURES,
    ("1-0:99.97.0", failure_log),
    *_sags(),
    ("0-0:96.13.0", _EMPTY),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.0*A"),
    *_phase_power("2.3*kW"),
    *_GAS,
)


def _flemish_start(version: str) -> tuple[Line, ...]:
    return (("0-0:96.1.4", text(version)), ("0-0:96.1.1", octets("1SAG{:010d}")), _CLOCK, *_tariffs("6.3*kWh"), _TARIFF)


_FLEMISH_GAS: tuple[Line, ...] = (
    ("0-1:24.1.0", text("003")),
    ("0-1:96.1.1", octets("7FLO{:010d}")),
    ("0-1:24.4.0", text("1")),
    ("0-1:24.2.3", mbus("gas", "5.3*m3")),
)
_FLEMISH_14 = (
    *_flemish_start("50213"),
    *_power("2.3*kW"),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.0*A"),
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("999.9*kW")),
    ("1-0:31.4.0", text("999*A")),
    ("0-0:96.13.0", _EMPTY),
    *_FLEMISH_GAS,
)
_FLEMISH_21 = (
    ("0-0:96.1.4", text("50221")),
    ("1-0:94.32.1", text("400")),
    *_flemish_start("50221")[1:2],
    ("0-0:96.1.2", octets("5414480{:011d}")),
    *_flemish_start("50221")[2:],
    ("1-0:1.4.0", number("demand", "2.3*kW")),
    ("1-0:1.6.0", month_peak),
    ("0-0:98.1.0", peak_history),
    *_power("2.3*kW"),
    *_phase_power("2.3*kW"),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.2*A"),
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("99.999*kW")),
    ("1-0:31.4.0", text("999.99*A")),
    *((f"0-{relay}:96.3.10", text("0")) for relay in range(1, 5)),
    ("0-0:96.13.0", _EMPTY),
    *_FLEMISH_GAS[:2],
    ("0-1:96.1.2", octets("5414481{:011d}")),
    *_FLEMISH_GAS[2:],
    ("0-2:24.1.0", text("007")),
    ("0-2:96.1.1", octets("8SEN{:010d}")),
    ("0-2:96.1.2", octets("5414482{:011d}")),
    ("0-2:24.2.1", mbus("water", "5.3*m3")),
)
_WALLOON = (
    ("0-0:96.1.4", octets("21110")),
    ("0-0:96.1.1", octets("{:08d}")),
    _CLOCK,
    *_tariffs("6.3*kWh", empty=5),
    _TARIFF,
    ("1-0:1.4.0", number("demand", "2.3*kW")),
    ("1-0:1.6.0", month_peak_reversed),
    *_power("2.3*kW"),
    *_phase_power("2.3*kW", paired=True),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.2*A"),
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("999.9*kVA")),
    ("1-0:31.4.0", text("999*A")),
    ("0-1:96.3.10", text("0")),
    ("0-2:96.3.10", text("0")),
    ("0-0:96.13.0", _EMPTY),
)


def _totals(shape: str, reactive: str) -> tuple[Line, ...]:
    """Energy without tariffs: import, export, and the same reactive."""
    return (
        ("1-0:1.8.0", number("import", shape)),
        ("1-0:2.8.0", number("export", shape)),
        ("1-0:3.8.0", number("reactive_import", reactive)),
        ("1-0:4.8.0", number("reactive_export", reactive)),
    )


def _four_powers(shape: str, reactive: str) -> tuple[Line, ...]:
    return (
        *_power(shape),
        ("1-0:3.7.0", number("reactive_power_import", reactive)),
        ("1-0:4.7.0", number("reactive_power_export", reactive)),
    )


def _reactive_phases(shape: str, *, paired: bool) -> tuple[Line, ...]:
    lines = (*_phases("reactive_power_import", 3, shape), *_phases("reactive_power_export", 4, shape))
    return tuple(lines[i] for i in (0, 3, 1, 4, 2, 5)) if paired else lines


def _nordic(var: str, *, paired: bool) -> tuple[Line, ...]:
    """Swedish branch recommendation; Finland copied it. Makes differ in case and in the order of phases."""
    return (
        _CLOCK,
        *_totals("8.3*kWh", f"8.3*{var}h"),
        *_four_powers("4.3*kW", f"4.3*{var}"),
        *_phase_power("4.3*kW", paired=paired),
        *_reactive_phases(f"4.3*{var}", paired=paired),
        *_phases("voltage", 12, "3.1*V"),
        *_phases("current", 11, "3.1*A"),
    )


_LUXEMBOURG = (
    ("1-3:0.2.8", text("42")),
    _CLOCK,
    ("0-0:42.0.0", octets("SAG10307{:08d}")),
    *_totals("6.3*kWh", "6.3*kvarh"),
    *_four_powers("2.3*kW", "2.3*kvar"),
    ("0-0:17.0.0", text("069.0*kVA")),
    ("1-0:9.7.0", number("apparent_power_import", "2.3*kVA")),
    ("1-0:10.7.0", number("apparent_power_export", "2.3*kVA")),
    ("1-1:31.4.0", text("100*A)(-063*A")),
    ("0-0:96.3.10", text("1")),
    ("0-1:96.3.10", text("0")),
    ("0-2:96.3.10", text("0")),
    ("0-0:96.7.21", number("failures", "5.0")),
    *_sags(),
    *((f"0-0:96.13.{number_}", _EMPTY) for number_ in (0, 2, 3, 4, 5)),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.0*A"),
    *_phase_power("2.3*kW"),
    *_reactive_phases("2.3*kvar", paired=False),
    ("0-1:24.1.0", text("003")),
    ("0-1:96.1.0", octets("FLO{:011d}")),
    ("0-1:24.2.1", mbus("gas", "5.3*m3")),
    ("0-1:24.4.0", text("0")),
)
_HUNGARY = (
    _CLOCK,
    ("0-0:42.0.0", octets("SAG7{:012d}")),
    ("0-0:96.1.0", octets("8{:015d}")),
    _TARIFF,
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("90.000*kW")),
    ("1-0:1.8.0", number("import", "6.3*kWh")),
    *_tariffs("6.3*kWh", empty=4)[:4],
    ("1-0:2.8.0", number("export", "6.3*kWh")),
    *_tariffs("6.3*kWh", empty=4)[4:],
    *_totals("6.3*kWh", "6.3*kvarh")[2:],
    *((f"1-0:{4 + quadrant}.8.0", number(f"reactive_q{quadrant}", "6.3*kvarh")) for quadrant in range(1, 5)),
    ("1-0:15.8.0", number("absolute", "6.3*kWh")),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.0*A"),
    ("1-0:13.7.0", number("power_factor", "1.3*‰")),
    *_phases("power_factor", 13, "1.3*‰"),
    ("1-0:14.7.0", number("frequency", "2.2*Hz")),
    *_power("2.3*kW"),
    *((f"1-0:{4 + quadrant}.7.0", number(f"reactive_power_q{quadrant}", "2.3*kvar")) for quadrant in range(1, 5)),
    *((f"1-0:{step + 11}.4.0", text("200.00*A")) for _, step in _PHASES),
    ("0-0:98.1.0", month_registers),
    ("0-0:96.13.0", _EMPTY),
)
_AUSTRIA = (
    ("1-3:0.2.8", text("50")),
    _CLOCK,
    ("1-0:1.8.0", number("import", "9.0*Wh")),
    ("1-0:1.8.1", number("import_t1", "9.0*Wh")),
    ("1-0:1.8.2", number("import_t2", "9.0*Wh")),
    ("1-0:1.7.0", number("power_import", "9.0*W")),
    ("1-0:2.8.0", number("export", "9.0*Wh")),
    ("1-0:2.8.1", number("export_t1", "9.0*Wh")),
    ("1-0:2.8.2", number("export_t2", "9.0*Wh")),
    ("1-0:2.7.0", number("power_export", "9.0*W")),
    *(
        line
        for code, way in ((3, "import"), (4, "export"))
        for line in (
            (f"1-0:{code}.8.0", number(f"reactive_{way}", "9.0*varh")),
            (f"1-0:{code}.8.1", text("000000000*varh")),
            (f"1-0:{code}.8.2", number(f"reactive_{way}", "9.0*varh")),
            (f"1-0:{code}.7.0", number(f"reactive_power_{way}", "9.0*var")),
        )
    ),
)
_SWITZERLAND = (
    _CLOCK,
    ("0-0:0.0.0", plain("{:012d}")),
    *((code.replace("1-0:", "1-1:"), line) for code, line in _tariffs("6.3*kWh")),
    _TARIFF,
    *_power("2.3*kW", "1-1:"),
    *_FAILURES,
    ("1-0:99.97.0", failure_log),
    *_sags(),
    *_phases("voltage", 12, "3.1*V"),
    *_phases("current", 11, "3.2*A"),
    ("0-0:96.13.0", _EMPTY),
    *_phase_power("2.3*kW", paired=True),
    ("0-0:96.13.1", _EMPTY),
    ("1-1:1.6.0", month_peak),
    ("1-0:1.4.0", number("demand", "2.3*kW")),
)
_LITHUANIA = (
    _CLOCK,
    ("1-0:1.8.0", number("import", "6.3*kWh")),
    *_tariffs("6.3*kWh", empty=4)[:4],
    *_totals("6.3*kWh", "6.3*kvarh")[1:],
    *_four_powers("2.3*kW", "2.3*kvar"),
    *_phase_power("2.3*kW"),
    *_reactive_phases("2.3*kvar", paired=False),
    *(
        line
        for voltage, current in zip(_phases("voltage", 12, "3.1*V"), _phases("current", 11, "3.0*A"), strict=True)
        for line in (voltage, current)
    ),
    ("1-0:14.7.0", number("frequency", "2.1*Hz")),
    ("1-0:13.7.0", number("power_factor", "1.3*‰")),
    *_phases("power_factor", 13, "1.3*‰"),
    ("0-0:96.7.21", number("failures", "5.0")),
    ("0-0:96.13.0", _EMPTY),
    *_sags(),
    ("0-0:96.1.1", octets("80044{:026d}")),
)
_EASYMETER = (
    ("1-0:0.0.0*255", plain("{:010d}")),
    ("1-0:1.8.0*255", number("import_exact", "8.7*kWh")),
    *((f"{code}*255", line) for code, line in _phases("power_import", 1, "6.2*W")),
    ("1-0:1.7.0*255", number("power_import", "6.2*W")),
    ("1-0:96.5.5*255", text("80")),
    ("0-0:96.1.255*255", plain("1ESY{:010d}")),
)
_WARMTELINK = (
    ("1-3:0.2.8", text("50")),
    _CLOCK,
    ("0-0:96.1.1", plain("ADB31{:011d}")),
    *_MESSAGES,
    ("0-1:24.1.0", text("004")),
    ("0-1:96.1.0", plain("{:016d}")),
    ("0-1:24.2.1", mbus("heat", "1.3*GJ")),
)

_NL, _BE = "Europe/Amsterdam", "Europe/Brussels"
_FIVE_MINUTES = 300

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            Dialect("nl-dsmr22", r"/KMP5 KA6U001660000000", _NL, _old_dutch("4.2*kW", "999*A", "3"),
                    crc=False, line="9600 7E1"),
            Dialect("nl-dsmr3", r"/ISk5\2MT382-1003", _NL, _old_dutch("4.2*kW", "0999.00*kW", "03"),
                    crc=False, line="9600 7E1"),
            Dialect("nl-dsmr40", r"/XMX5LGBBFFB231000000", _NL, _dutch_4("40", limits=True)),
            Dialect("nl-dsmr42", r"/KFM5KAIFA-METER", _NL, _dutch_4("42", limits=False)),
            Dialect("nl-dsmr5", r"/ISK5\2M550T-1012", _NL, _DUTCH_5, interval_s=1, mbus_period_s=_FIVE_MINUTES),
            Dialect("be-emucs", r"/FLU5\253769484_A", _BE, _FLEMISH_21, interval_s=1, mbus_period_s=_FIVE_MINUTES),
            Dialect("be-emucs-14", r"/FLU5\253770234_A", _BE, _FLEMISH_14, interval_s=1, mbus_period_s=_FIVE_MINUTES),
            Dialect("be-iskra", r"/ISk5\2MIE5T-200", _BE, _WALLOON, interval_s=1),
            Dialect("lu-smarty", r"/Lux5\253694471_M", "Europe/Luxembourg", _LUXEMBOURG),
            Dialect("se", r"/ELL5\253833635_A", "Europe/Stockholm", _nordic("kvar", paired=False)),
            Dialect("fi", r"/ADN9 7534", "Europe/Helsinki", _nordic("kVAr", paired=True)),
            Dialect("hu", r"/SAG5SAG-METER", "Europe/Budapest", _HUNGARY),
            Dialect("at", r"/EST5\253740976_A", "Europe/Vienna", _AUSTRIA),
            Dialect("ch", r"/GRE5\253700000_A", "Europe/Zurich", _SWITZERLAND),
            Dialect("lt", r"/ESO5\253880853_A", "Europe/Vilnius", _LITHUANIA),
            Dialect("de-q3d", r"/ESY5Q3DA1004 V3.04", "Europe/Berlin", _EASYMETER, crc=False,
                    tail=b"  00000000\r\nDE0000000000000000000000000000000\r\n", interval_s=2, line="9600 7E1"),
            Dialect("heat-warmtelink", r"/NWA-WARMTELINK", _NL, _WARMTELINK),
        )
    }
)  # fmt: skip
"""Every dialect by name."""
