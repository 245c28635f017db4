"""Lines that several dialects share, each with its shape as a parameter."""

from collections.abc import Iterable

from meterkast_reader.simulator.lines import Writer, clock, mbus, number, octets, text

Line = tuple[str, Writer]

PHASES = (("l1", 20), ("l2", 40), ("l3", 60))
EMPTY = text("")


def powers(shape: str, code: str = "1-0:") -> tuple[Line, ...]:
    """Power imported and exported."""
    return ((f"{code}1.7.0", number("power_import", shape)), (f"{code}2.7.0", number("power_export", shape)))


def by_phase(quantity: str, offset: int, shape: str) -> Iterable[Line]:
    """One line per phase; offsets: `power_import` 1, `power_export` 2, reactive 3 and 4, `current` 11, `voltage` 12."""
    return ((f"1-0:{step + offset}.7.0", number(f"{quantity}_{phase}", shape)) for phase, step in PHASES)


def phase_powers(shape: str, *, paired: bool = False) -> tuple[Line, ...]:
    """Power of the phases, import then export; `paired`: both of a phase together."""
    lines = (*by_phase("power_import", 1, shape), *by_phase("power_export", 2, shape))
    return tuple(lines[i] for i in (0, 3, 1, 4, 2, 5)) if paired else lines


def tariffs(shape: str, *, empty: int = 2) -> tuple[Line, ...]:
    """Energy by tariff, import then export; tariffs above 2 stand at zero."""
    lines: list[Line] = []
    for code, way in ((1, "import"), (2, "export")):
        lines += [(f"1-0:{code}.8.{tariff}", number(f"{way}_t{tariff}", shape)) for tariff in (1, 2)]
        lines += [(f"1-0:{code}.8.{tariff}", text("000000.000*kWh")) for tariff in range(3, empty + 1)]
    return tuple(lines)


def sags(*, phases: int = 3) -> tuple[Line, ...]:
    """Voltage sags, then swells, of the phases."""
    return tuple(
        (f"1-0:{step + 12}.{code}.0", number(f"{what}_{phase}", "5.0"))
        for code, what in ((32, "sags"), (36, "swells"))
        for phase, step in PHASES[:phases]
    )


TARIFF: Line = ("0-0:96.14.0", number("tariff", "4.0"))
CLOCK: Line = ("0-0:1.0.0", clock)
FAILURES: tuple[Line, ...] = (
    ("0-0:96.7.21", number("failures", "5.0")),
    ("0-0:96.7.9", number("long_failures", "5.0")),
)
MESSAGES: tuple[Line, ...] = (("0-0:96.13.1", EMPTY), ("0-0:96.13.0", EMPTY))
GAS = (("0-1:24.1.0", text("003")), ("0-1:96.1.0", octets("G{:016d}")), ("0-1:24.2.1", mbus("gas", "5.3*m3")))


def totals(shape: str, reactive: str) -> tuple[Line, ...]:
    """Energy without tariffs: import, export, and the same reactive."""
    return (
        ("1-0:1.8.0", number("import", shape)),
        ("1-0:2.8.0", number("export", shape)),
        ("1-0:3.8.0", number("reactive_import", reactive)),
        ("1-0:4.8.0", number("reactive_export", reactive)),
    )


def four_powers(shape: str, reactive: str) -> tuple[Line, ...]:
    """Power imported and exported, and the same reactive."""
    return (
        *powers(shape),
        ("1-0:3.7.0", number("reactive_power_import", reactive)),
        ("1-0:4.7.0", number("reactive_power_export", reactive)),
    )


def reactive_phases(shape: str, *, paired: bool) -> tuple[Line, ...]:
    """Reactive power of the phases, import then export; `paired`: both of a phase together."""
    lines = (*by_phase("reactive_power_import", 3, shape), *by_phase("reactive_power_export", 4, shape))
    return tuple(lines[i] for i in (0, 3, 1, 4, 2, 5)) if paired else lines
