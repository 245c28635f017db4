"""Meters of other countries that took over the P1 port, and the German Q3D: their lines, in their order and shape."""

from meterkast_reader.simulator.line_groups import (
    CLOCK,
    EMPTY,
    FAILURES,
    PHASES,
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
from meterkast_reader.simulator.lines import failure_log, month_peak, month_registers, number, octets, plain, text


def nordic(var: str, *, paired: bool) -> tuple[Line, ...]:
    """Swedish branch recommendation; Finland copied it. Makes differ in case and in the order of phases."""
    return (
        CLOCK,
        *totals("8.3*kWh", f"8.3*{var}h"),
        *four_powers("4.3*kW", f"4.3*{var}"),
        *phase_powers("4.3*kW", paired=paired),
        *reactive_phases(f"4.3*{var}", paired=paired),
        *by_phase("voltage", 12, "3.1*V"),
        *by_phase("current", 11, "3.1*A"),
    )


HUNGARY = (
    CLOCK,
    ("0-0:42.0.0", octets("SAG7{:012d}")),
    ("0-0:96.1.0", octets("8{:015d}")),
    TARIFF,
    ("0-0:96.3.10", text("1")),
    ("0-0:17.0.0", text("90.000*kW")),
    ("1-0:1.8.0", number("import", "6.3*kWh")),
    *tariffs("6.3*kWh", empty=4)[:4],
    ("1-0:2.8.0", number("export", "6.3*kWh")),
    *tariffs("6.3*kWh", empty=4)[4:],
    *totals("6.3*kWh", "6.3*kvarh")[2:],
    *((f"1-0:{4 + quadrant}.8.0", number(f"reactive_q{quadrant}", "6.3*kvarh")) for quadrant in range(1, 5)),
    ("1-0:15.8.0", number("absolute", "6.3*kWh")),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.0*A"),
    ("1-0:13.7.0", number("power_factor", "1.3*‰")),
    *by_phase("power_factor", 13, "1.3*‰"),
    ("1-0:14.7.0", number("frequency", "2.2*Hz")),
    *powers("2.3*kW"),
    *((f"1-0:{4 + quadrant}.7.0", number(f"reactive_power_q{quadrant}", "2.3*kvar")) for quadrant in range(1, 5)),
    *((f"1-0:{step + 11}.4.0", text("200.00*A")) for _, step in PHASES),
    ("0-0:98.1.0", month_registers),
    ("0-0:96.13.0", EMPTY),
)
AUSTRIA = (
    ("1-3:0.2.8", text("50")),
    CLOCK,
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
SWITZERLAND = (
    CLOCK,
    ("0-0:0.0.0", plain("{:012d}")),
    *((code.replace("1-0:", "1-1:"), line) for code, line in tariffs("6.3*kWh")),
    TARIFF,
    *powers("2.3*kW", "1-1:"),
    *FAILURES,
    ("1-0:99.97.0", failure_log),
    *sags(),
    *by_phase("voltage", 12, "3.1*V"),
    *by_phase("current", 11, "3.2*A"),
    ("0-0:96.13.0", EMPTY),
    *phase_powers("2.3*kW", paired=True),
    ("0-0:96.13.1", EMPTY),
    ("1-1:1.6.0", month_peak),
    ("1-0:1.4.0", number("demand", "2.3*kW")),
)
LITHUANIA = (
    CLOCK,
    ("1-0:1.8.0", number("import", "6.3*kWh")),
    *tariffs("6.3*kWh", empty=4)[:4],
    *totals("6.3*kWh", "6.3*kvarh")[1:],
    *four_powers("2.3*kW", "2.3*kvar"),
    *phase_powers("2.3*kW"),
    *reactive_phases("2.3*kvar", paired=False),
    *(
        line
        for voltage, current in zip(by_phase("voltage", 12, "3.1*V"), by_phase("current", 11, "3.0*A"), strict=True)
        for line in (voltage, current)
    ),
    ("1-0:14.7.0", number("frequency", "2.1*Hz")),
    ("1-0:13.7.0", number("power_factor", "1.3*‰")),
    *by_phase("power_factor", 13, "1.3*‰"),
    ("0-0:96.7.21", number("failures", "5.0")),
    ("0-0:96.13.0", EMPTY),
    *sags(),
    ("0-0:96.1.1", octets("80044{:026d}")),
)
EASYMETER = (
    ("1-0:0.0.0*255", plain("{:010d}")),
    ("1-0:1.8.0*255", number("import_exact", "8.7*kWh")),
    *((f"{code}*255", line) for code, line in by_phase("power_import", 1, "6.2*W")),
    ("1-0:1.7.0*255", number("power_import", "6.2*W")),
    ("1-0:96.5.5*255", text("80")),
    ("0-0:96.1.255*255", plain("1ESY{:010d}")),
)
