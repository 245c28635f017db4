"""Meters of the Netherlands, Belgium and Luxembourg: their lines, in their order and shape."""

from meterkast_reader.simulator.line_groups import (
    CLOCK,
    EMPTY,
    FAILURES,
    GAS,
    MESSAGES,
    TARIFF,
    Line,
    by_phase,
    four_powers,
    phase_powers,
    powers,
    reactive_phases,
    sags,
    tariffs,
    totals,
)
from meterkast_reader.simulator.lines import (
    failure_log,
    mbus,
    mbus_two_lines,
    month_peak,
    month_peak_reversed,
    number,
    octets,
    peak_history,
    plain,
    text,
)


def old_dutch(power: str, limit: str, device: str) -> tuple[Line, ...]:
    """DSMR 2.2 and 3.0: no clock of its own, gas on two lines."""
    return (
        ("0-0:96.1.1", octets("K{:016d}")),
        *tariffs("5.3*kWh"),
        TARIFF,
        *powers(power),
        ("0-0:17.0.0", text(limit)),
        ("0-0:96.3.10", text("1")),
        *MESSAGES,
        ("0-1:24.1.0", text(device)),
        ("0-1:96.1.0", octets("2{:016d}")),
        ("0-1:24.3.0", mbus_two_lines(1, "gas", "5.3")),
        ("0-1:24.4.0", text("1")),
    )


def dutch_4(version: str, *, limits: bool) -> tuple[Line, ...]:
    """DSMR 4.0 and 4.2; meters of 4.2 leave out limiter and breaker."""
    return (
        ("1-3:0.2.8", text(version)),
        CLOCK,
        ("0-0:96.1.1", octets("E{:016d}")),
        *tariffs("6.3*kWh"),
        TARIFF,
        *powers("2.3*kW"),
        *((("0-0:17.0.0", text("999.9*kW")), ("0-0:96.3.10", text("1"))) if limits else ()),
        *FAILURES,
        ("1-0:99.97.0", failure_log),
        *sags(),
        *MESSAGES,
        *by_phase("current", 11, "3.0*A"),
        *phase_powers("2.3*kW", paired=not limits),
        *GAS,
        *((("0-1:24.4.0", text("1")),) if limits else ()),
    )


DUTCH_5 = (
    ("1-3:0.2.8", text("50")),
    CLOCK,
    ("0-0:96.1.1", octets("E{:016d}")),
    *tariffs("6.3*kWh"),
    TARIFF,
    *powers("2.3*kW"),
    *FAILURES,
    ("1-0:99.97.0", failure_log),
    *sags(),
    ("0-0:96.13.0", EMPTY),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.0*A"),
    *phase_powers("2.3*kW"),
    *GAS,
)


def _flemish_start(version: str) -> tuple[Line, ...]:
    return (("0-0:96.1.4", text(version)), ("0-0:96.1.1", octets("1SAG{:010d}")), CLOCK, *tariffs("6.3*kWh"), TARIFF)


_FLEMISH_GAS: tuple[Line, ...] = (
    ("0-1:24.1.0", text("003")),
    ("0-1:96.1.1", octets("7FLO{:010d}")),
    ("0-1:24.4.0", text("1")),
    ("0-1:24.2.3", mbus("gas", "5.3*m3")),
)
FLEMISH_14 = (
    *_flemish_start("50213"),
    *powers("2.3*kW"),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.0*A"),
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("999.9*kW")),
    ("1-0:31.4.0", text("999*A")),
    ("0-0:96.13.0", EMPTY),
    *_FLEMISH_GAS,
)
FLEMISH_21 = (
    ("0-0:96.1.4", text("50221")),
    ("1-0:94.32.1", text("400")),
    *_flemish_start("50221")[1:2],
    ("0-0:96.1.2", octets("5414480{:011d}")),
    *_flemish_start("50221")[2:],
    ("1-0:1.4.0", number("demand", "2.3*kW")),
    ("1-0:1.6.0", month_peak),
    ("0-0:98.1.0", peak_history),
    *powers("2.3*kW"),
    *phase_powers("2.3*kW"),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.2*A"),
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("99.999*kW")),
    ("1-0:31.4.0", text("999.99*A")),
    *((f"0-{relay}:96.3.10", text("0")) for relay in range(1, 5)),
    ("0-0:96.13.0", EMPTY),
    *_FLEMISH_GAS[:2],
    ("0-1:96.1.2", octets("5414481{:011d}")),
    *_FLEMISH_GAS[2:],
    ("0-2:24.1.0", text("007")),
    ("0-2:96.1.1", octets("8SEN{:010d}")),
    ("0-2:96.1.2", octets("5414482{:011d}")),
    ("0-2:24.2.1", mbus("water", "5.3*m3")),
)
WALLOON = (
    ("0-0:96.1.4", octets("21110")),
    ("0-0:96.1.1", octets("{:08d}")),
    CLOCK,
    *tariffs("6.3*kWh", empty=5),
    TARIFF,
    ("1-0:1.4.0", number("demand", "2.3*kW")),
    ("1-0:1.6.0", month_peak_reversed),
    *powers("2.3*kW"),
    *phase_powers("2.3*kW", paired=True),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.2*A"),
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("999.9*kVA")),
    ("1-0:31.4.0", text("999*A")),
    ("0-1:96.3.10", text("0")),
    ("0-2:96.3.10", text("0")),
    ("0-0:96.13.0", EMPTY),
)


LUXEMBOURG = (
    ("1-3:0.2.8", text("42")),
    CLOCK,
    ("0-0:42.0.0", octets("SAG10307{:08d}")),
    *totals("6.3*kWh", "6.3*kvarh"),
    *four_powers("2.3*kW", "2.3*kvar"),
    ("0-0:17.0.0", text("069.0*kVA")),
    ("1-0:9.7.0", number("apparent_power_import", "2.3*kVA")),
    ("1-0:10.7.0", number("apparent_power_export", "2.3*kVA")),
    ("1-1:31.4.0", text("100*A)(-063*A")),
    ("0-0:96.3.10", text("1")),
    ("0-1:96.3.10", text("0")),
    ("0-2:96.3.10", text("0")),
    ("0-0:96.7.21", number("failures", "5.0")),
    *sags(),
    *((f"0-0:96.13.{number_}", EMPTY) for number_ in (0, 2, 3, 4, 5)),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.0*A"),
    *phase_powers("2.3*kW"),
    *reactive_phases("2.3*kvar", paired=False),
    ("0-1:24.1.0", text("003")),
    ("0-1:96.1.0", octets("FLO{:011d}")),
    ("0-1:24.2.1", mbus("gas", "5.3*m3")),
    ("0-1:24.4.0", text("0")),
)
WARMTELINK = (
    ("1-3:0.2.8", text("50")),
    CLOCK,
    ("0-0:96.1.1", plain("ADB31{:011d}")),
    *MESSAGES,
    ("0-1:24.1.0", text("004")),
    ("0-1:96.1.0", plain("{:016d}")),
    ("0-1:24.2.1", mbus("heat", "1.3*GJ")),
)
