"""The OBIS catalogue: the one table that parser, JSON, database fields, REST, CSV, labels and discovery follow.

Codes are `A-B:C.D.E` (IEC 62056-61). `?` as B stands for 0 and 1: meters with two electricity channels disagree
on which one they print. The first code of an entry that a telegram holds wins.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

DSMR_5 = "DSMR 5.0.2 P1 §6.12"
DSMR_4 = "DSMR 4.2 P1 §6.11"
DSMR_3 = "DSMR 3.0 P1 §6.10"
DSMR_2 = "DSMR 2.2 P1 §6"
EMUCS = "e-MUCS-P1 2.1.1, object list"
LUX = "Luxembourg P1 1.1.3, object list"
NORDIC = "Swedish branch recommendation P1 (SEI), table 2"
HU = "E.ON Hungary P1, object list"
LT = "ESO Lithuania P1, object list"
IEC = "IEC 62056-61"


class Kind(StrEnum):
    """How a value behaves over time."""

    REGISTER = "register"
    GAUGE = "gauge"
    TEXT = "text"
    STATE = "state"
    TIME = "time"
    LOG = "log"


class Type(StrEnum):
    """How a telegram writes the value."""

    DECIMAL = "decimal"
    INTEGER = "integer"
    OCTETS = "octets"
    PLAIN = "plain"
    TIMESTAMP = "timestamp"
    PEAK = "peak"
    PROFILE = "profile"
    FAILURE_LOG = "failure_log"


class Quantity(StrEnum):
    """What is measured; the value of each is used as Home Assistant's and our documents' word for it."""

    ENERGY = "energy"
    REACTIVE_ENERGY = "reactive_energy"
    APPARENT_ENERGY = "apparent_energy"
    POWER = "power"
    REACTIVE_POWER = "reactive_power"
    APPARENT_POWER = "apparent_power"
    POWER_FACTOR = "power_factor"
    VOLTAGE = "voltage"
    CURRENT = "current"
    FREQUENCY = "frequency"
    VOLUME = "volume"
    HEAT = "heat"
    DURATION = "duration"
    COUNT = "count"
    NONE = "none"


UNITS: Mapping[Quantity, tuple[str, Mapping[str, int]]] = MappingProxyType(
    {
        Quantity.ENERGY: ("kWh", {"kwh": 0, "wh": -3, "mwh": 3}),
        Quantity.REACTIVE_ENERGY: ("kvarh", {"kvarh": 0, "varh": -3, "mvarh": 3}),
        Quantity.APPARENT_ENERGY: ("kVAh", {"kvah": 0, "vah": -3, "mvah": 3}),
        Quantity.POWER: ("W", {"kw": 3, "w": 0, "mw": 6}),
        Quantity.REACTIVE_POWER: ("var", {"kvar": 3, "var": 0, "mvar": 6}),
        Quantity.APPARENT_POWER: ("VA", {"kva": 3, "va": 0, "mva": 6}),
        Quantity.POWER_FACTOR: ("", {"": 0}),
        Quantity.VOLTAGE: ("V", {"v": 0, "kv": 3, "mv": -3}),
        Quantity.CURRENT: ("A", {"a": 0, "ma": -3, "ka": 3}),
        Quantity.FREQUENCY: ("Hz", {"hz": 0, "khz": 3, "mhz": -3}),
        Quantity.VOLUME: ("m3", {"m3": 0, "dm3": -3, "l": -3}),
        Quantity.HEAT: ("GJ", {"gj": 0, "mj": -3, "kj": -6}),
        Quantity.DURATION: ("s", {"s": 0, "min": 0, "h": 0}),
        Quantity.COUNT: ("", {"": 0}),
        Quantity.NONE: ("", {"": 0}),
    }
)
"""Per quantity: our unit, and the decimal places by which each of the meters' units (lower case) is shifted to it."""

DATABASE_SHIFT: Mapping[Quantity, tuple[str, int]] = MappingProxyType(
    {
        Quantity.ENERGY: ("wh", 3),
        Quantity.REACTIVE_ENERGY: ("varh", 3),
        Quantity.APPARENT_ENERGY: ("vah", 3),
        Quantity.VOLUME: ("l", 3),
        Quantity.HEAT: ("kj", 6),
    }
)
"""Registers stand in databases as integers of this unit: the value shifted by so many decimal places."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row: codes, name with unit, what it is, how it is written, and what people call it."""

    codes: tuple[str, ...]
    name: str
    quantity: Quantity
    type: Type
    kind: Kind
    decimals: int
    label_en: str
    label_nl: str
    standard: str
    kept: bool = False

    @property
    def unit(self) -> str:
        """The unit that the name ends in, `` for none."""
        return UNITS[self.quantity][0]

    @property
    def numeric(self) -> bool:
        """Whether the value is a number."""
        return self.type in (Type.DECIMAL, Type.INTEGER, Type.PEAK)

    @property
    def database_field(self) -> str:
        """The column or field that history keeps it in: registers in the smallest unit (`…_wh`, `…_l`)."""
        if self.kind is Kind.REGISTER and self.quantity in DATABASE_SHIFT:
            return f"{self.name.rpartition('_')[0]}_{DATABASE_SHIFT[self.quantity][0]}"
        return self.name

    @property
    def database_shift(self) -> int:
        """Decimal places by which the value is shifted to become the database's integer, 0 for gauges."""
        if self.kind is Kind.REGISTER and self.quantity in DATABASE_SHIFT:
            return DATABASE_SHIFT[self.quantity][1]
        return 0


PHASES = (("l1", 20), ("l2", 40), ("l3", 60))
_IMPORT_EXPORT = (("import", 0, "from the grid", "afgenomen"), ("export", 1, "to the grid", "teruggeleverd"))


def _register(
    code: str, name: str, quantity: Quantity, en: str, nl: str, standard: str, *, kept: bool = False
) -> Entry:
    return Entry((code,), name, quantity, Type.DECIMAL, Kind.REGISTER, 3, en, nl, standard, kept)


def _gauge(
    code: str,
    name: str,
    quantity: Quantity,
    decimals: int,
    en: str,
    nl: str,
    standard: str,
    *,
    kept: bool = False,
) -> Entry:
    return Entry((code,), name, quantity, Type.DECIMAL, Kind.GAUGE, decimals, en, nl, standard, kept)


def _counter(code: str, name: str, en: str, nl: str, standard: str) -> Entry:
    return Entry((code,), name, Quantity.COUNT, Type.INTEGER, Kind.REGISTER, 0, en, nl, standard)


def _text(codes: tuple[str, ...], name: str, en: str, nl: str, standard: str, *, plain: bool = False) -> Entry:
    kind = Type.PLAIN if plain else Type.OCTETS
    return Entry(codes, name, Quantity.NONE, kind, Kind.TEXT, 0, en, nl, standard)


def _identity() -> Iterator[Entry]:
    yield Entry(
        ("0-0:1.0.0", "0-0:1.1.0"), "measured_at", Quantity.NONE, Type.TIMESTAMP, Kind.TIME, 0,
        "Measured at", "Gemeten om", DSMR_5,
    )  # fmt: skip
    yield _text(
        ("0-0:96.1.1", "0-0:96.1.0", "0-0:42.0.0", "?-0:0.0.0", "0-0:96.1.255", "1-?:96.1.0", "1-0:96.1.1"),
        "meter_id", "Meter", "Meter", DSMR_5,
    )  # fmt: skip
    yield _text(("1-3:0.2.8",), "version", "Version of the standard", "Versie van de standaard", DSMR_5, plain=True)
    yield _text(("0-0:96.1.4",), "version", "Version of the standard", "Versie van de standaard", EMUCS)
    yield _text(("0-0:96.1.2",), "ean", "EAN of the connection", "EAN van de aansluiting", EMUCS)
    yield _text(("0-0:96.13.0",), "message_text", "Message", "Bericht", DSMR_5)
    yield _text(("0-0:96.13.1",), "message_code", "Message code", "Berichtcode", DSMR_4)
    for number in range(2, 6):
        yield _text((f"0-0:96.13.{number}",), f"message_text_{number}", f"Message {number}", f"Bericht {number}", LUX)
    yield _text(("1-0:0.2.0",), "firmware", "Firmware", "Firmware", IEC, plain=True)
    yield _text(("1-1:0.2.0",), "firmware_module", "Firmware of the module", "Firmware van de module", LT, plain=True)
    yield _text(("1-0:0.2.8",), "firmware_checksum", "Firmware checksum", "Controlegetal firmware", LT, plain=True)
    yield _text(
        ("1-1:0.2.8",),
        "firmware_module_checksum",
        "Checksum of the module",
        "Controlegetal module",
        LT,
        plain=True,
    )
    yield _text(("0-0:25.1.0",), "error_register", "Error register", "Foutregister", IEC, plain=True)


def _states() -> Iterator[Entry]:
    def state(codes: tuple[str, ...], name: str, en: str, nl: str, standard: str) -> Entry:
        return Entry(codes, name, Quantity.NONE, Type.INTEGER, Kind.STATE, 0, en, nl, standard)

    tariff = Entry(
        ("0-0:96.14.0",),
        "tariff",
        Quantity.NONE,
        Type.INTEGER,
        Kind.STATE,
        0,
        "Tariff",
        "Tarief",
        DSMR_5,
        kept=True,
    )
    yield tariff
    yield state(("0-0:96.3.10",), "breaker_state", "Breaker", "Schakelaar", EMUCS)
    for number in range(1, 5):
        yield state((f"0-{number}:96.3.10",), f"relay_{number}_state", f"Relay {number}", f"Relais {number}", EMUCS)
    yield _text(("0-0:96.50.68",), "load_control", "Load control", "Belastingregeling", HU, plain=True)
    yield _text(("1-0:94.32.1",), "grid_configuration", "Grid configuration", "Netconfiguratie", EMUCS, plain=True)
    yield _text(("1-0:96.5.5",), "status_word", "Status word", "Statuswoord", IEC, plain=True)


def _energy() -> Iterator[Entry]:
    for way, offset, en, nl in _IMPORT_EXPORT:
        title_en = f"Energy {en}"
        title_nl = f"Energie {nl}"
        c = 1 + offset
        yield _register(f"1-?:{c}.8.0", f"energy_{way}_kwh", Quantity.ENERGY, title_en, title_nl, LUX, kept=True)
        for tariff in range(1, 9):
            yield _register(
                f"1-?:{c}.8.{tariff}", f"energy_{way}_t{tariff}_kwh", Quantity.ENERGY,
                f"{title_en}, tariff {tariff}", f"{title_nl}, tarief {tariff}",
                DSMR_5 if tariff < 3 else HU, kept=tariff < 5,  # noqa: PLR2004
            )  # fmt: skip
        for phase, step in PHASES:
            yield _register(
                f"1-?:{c + step}.8.0", f"energy_{way}_{phase}_kwh", Quantity.ENERGY,
                f"{title_en}, {phase.upper()}", f"{title_nl}, {phase.upper()}", IEC,
            )  # fmt: skip
        c = 3 + offset
        yield _register(
            f"1-?:{c}.8.0", f"reactive_energy_{way}_kvarh", Quantity.REACTIVE_ENERGY,
            f"Reactive energy {en}", f"Blindenergie {nl}", LUX, kept=True,
        )  # fmt: skip
        for tariff in range(1, 5):
            yield _register(
                f"1-?:{c}.8.{tariff}", f"reactive_energy_{way}_t{tariff}_kvarh", Quantity.REACTIVE_ENERGY,
                f"Reactive energy {en}, tariff {tariff}", f"Blindenergie {nl}, tarief {tariff}", LT,
            )  # fmt: skip
        yield _register(
            f"1-?:{9 + offset}.8.0", f"apparent_energy_{way}_kvah", Quantity.APPARENT_ENERGY,
            f"Apparent energy {en}", f"Schijnbare energie {nl}", IEC,
        )  # fmt: skip
    for quadrant in range(1, 5):
        yield _register(
            f"1-?:{4 + quadrant}.8.0", f"reactive_energy_q{quadrant}_kvarh", Quantity.REACTIVE_ENERGY,
            f"Reactive energy, quadrant {quadrant}", f"Blindenergie, kwadrant {quadrant}", HU,
        )  # fmt: skip
    yield _register(
        "1-?:15.8.0",
        "energy_absolute_kwh",
        Quantity.ENERGY,
        "Energy, both ways added",
        "Energie, beide kanten samen",
        HU,
    )
    yield _register(
        "1-?:16.8.0", "energy_net_kwh", Quantity.ENERGY, "Energy, import less export",
        "Energie, afname min teruglevering", IEC,
    )  # fmt: skip


def _power() -> Iterator[Entry]:
    for way, offset, en, nl in _IMPORT_EXPORT:
        for quantity, prefix, base, word_en, word_nl, standard in (
            (Quantity.POWER, "power", 1, "Power", "Vermogen", DSMR_5),
            (Quantity.REACTIVE_POWER, "reactive_power", 3, "Reactive power", "Blindvermogen", NORDIC),
            (Quantity.APPARENT_POWER, "apparent_power", 9, "Apparent power", "Schijnbaar vermogen", LUX),
        ):
            unit = UNITS[quantity][0].lower()
            yield _gauge(
                f"1-?:{base + offset}.7.0", f"{prefix}_{way}_{unit}", quantity, 0,
                f"{word_en} {en}", f"{word_nl} {nl}", standard, kept=True,
            )  # fmt: skip
            for phase, step in PHASES:
                yield _gauge(
                    f"1-?:{base + offset + step}.7.0", f"{prefix}_{way}_{phase}_{unit}", quantity, 0,
                    f"{word_en} {en}, {phase.upper()}", f"{word_nl} {nl}, {phase.upper()}",
                    standard, kept=quantity is Quantity.POWER,
                )  # fmt: skip
    for quadrant in range(1, 5):
        yield _gauge(
            f"1-?:{4 + quadrant}.7.0", f"reactive_power_q{quadrant}_var", Quantity.REACTIVE_POWER, 0,
            f"Reactive power, quadrant {quadrant}", f"Blindvermogen, kwadrant {quadrant}", HU,
        )  # fmt: skip
    yield _gauge(
        "1-?:15.7.0",
        "power_absolute_w",
        Quantity.POWER,
        0,
        "Power, both ways added",
        "Vermogen, beide kanten samen",
        LT,
    )
    yield _gauge(
        "1-?:16.7.0",
        "power_net_w",
        Quantity.POWER,
        0,
        "Power, import less export",
        "Vermogen, afname min teruglevering",
        IEC,
    )


def _quality() -> Iterator[Entry]:
    yield _gauge("1-?:12.7.0", "voltage_v", Quantity.VOLTAGE, 1, "Voltage", "Spanning", LT)
    yield _gauge("1-?:11.7.0", "current_a", Quantity.CURRENT, 2, "Current", "Stroom", LT)
    yield _gauge("1-?:91.7.0", "current_n_a", Quantity.CURRENT, 2, "Current, neutral", "Stroom, nul", LT)
    yield _gauge("1-?:90.7.0", "current_sum_a", Quantity.CURRENT, 2, "Current, all phases", "Stroom, alle fasen", LT)
    yield _gauge("1-?:13.7.0", "power_factor", Quantity.POWER_FACTOR, 3, "Power factor", "Arbeidsfactor", HU)
    yield _gauge(
        "1-?:13.3.0",
        "power_factor_minimum",
        Quantity.POWER_FACTOR,
        3,
        "Lowest power factor",
        "Laagste arbeidsfactor",
        LT,
    )
    yield _gauge("1-?:14.7.0", "frequency_hz", Quantity.FREQUENCY, 2, "Frequency", "Frequentie", HU, kept=True)
    for phase, step in PHASES:
        upper = phase.upper()
        yield _gauge(
            f"1-?:{12 + step}.7.0", f"voltage_{phase}_v", Quantity.VOLTAGE, 1,
            f"Voltage {upper}", f"Spanning {upper}", DSMR_5, kept=True,
        )  # fmt: skip
        yield _gauge(
            f"1-?:{11 + step}.7.0", f"current_{phase}_a", Quantity.CURRENT, 2,
            f"Current {upper}", f"Stroom {upper}", DSMR_5, kept=True,
        )  # fmt: skip
        yield _gauge(
            f"1-?:{12 + step}.24.0", f"voltage_average_{phase}_v", Quantity.VOLTAGE, 1,
            f"Average voltage {upper}", f"Gemiddelde spanning {upper}", LT,
        )  # fmt: skip
        yield _gauge(
            f"1-?:{13 + step}.7.0", f"power_factor_{phase}", Quantity.POWER_FACTOR, 3,
            f"Power factor {upper}", f"Arbeidsfactor {upper}", HU,
        )  # fmt: skip
        for d, what, en, nl, standard in (
            (32, "sags", "Voltage sags", "Spanningsdips", DSMR_5),
            (36, "swells", "Voltage swells", "Spanningspieken", DSMR_5),
        ):
            yield _counter(
                f"1-?:{12 + step}.{d}.0",
                f"voltage_{what}_{phase}",
                f"{en} {upper}",
                f"{nl} {upper}",
                standard,
            )
            yield Entry(
                (f"1-?:{12 + step}.{d + 1}.0",), f"voltage_{what}_{phase}_s", Quantity.DURATION, Type.INTEGER,
                Kind.GAUGE, 0, f"Duration of the last of the {en.lower()} {upper}",
                f"Duur van de laatste {nl.lower()} {upper}", LT,
            )  # fmt: skip
            yield _gauge(
                f"1-?:{12 + step}.{d + 2}.0", f"voltage_{what}_{phase}_v", Quantity.VOLTAGE, 1,
                f"Voltage of the last of the {en.lower()} {upper}", f"Spanning van de laatste {nl.lower()} {upper}", LT,
            )  # fmt: skip
    yield _counter("0-0:96.7.21", "power_failures", "Power failures", "Stroomstoringen", DSMR_5)
    yield _counter("0-0:96.7.9", "long_power_failures", "Long power failures", "Lange stroomstoringen", DSMR_5)
    yield Entry(
        ("1-0:99.97.0", "1-0:99:97.0"), "power_failure_log", Quantity.NONE, Type.FAILURE_LOG, Kind.LOG, 0,
        "Log of long power failures", "Logboek lange stroomstoringen", DSMR_5,
    )  # fmt: skip


def _demand() -> Iterator[Entry]:
    for way, offset, en, nl in _IMPORT_EXPORT:
        yield _gauge(
            f"1-?:{1 + offset}.4.0", f"demand_{way}_w", Quantity.POWER, 0,
            f"Running quarter-hour demand {en}", f"Lopend kwartiervermogen {nl}", EMUCS, kept=True,
        )  # fmt: skip
        yield _gauge(
            f"1-?:{1 + offset}.5.0", f"demand_{way}_last_w", Quantity.POWER, 0,
            f"Last quarter-hour demand {en}", f"Laatste kwartiervermogen {nl}", LT,
        )  # fmt: skip
        yield _gauge(
            f"1-?:{1 + offset}.24.0", f"power_{way}_average_w", Quantity.POWER, 0,
            f"Average power {en}", f"Gemiddeld vermogen {nl}", LT,
        )  # fmt: skip
        yield Entry(
            (f"1-?:{1 + offset}.6.0",), f"peak_{way}_w", Quantity.POWER, Type.PEAK, Kind.GAUGE, 0,
            f"Month peak {en}", f"Maandpiek {nl}", EMUCS, kept=not offset,
        )  # fmt: skip
        for d, word, word_en, word_nl in ((4, "", "Running", "Lopend"), (5, "_last", "Last", "Laatste")):
            yield _gauge(
                f"1-?:{3 + offset}.{d}.0", f"reactive_demand_{way}{word}_var", Quantity.REACTIVE_POWER, 0,
                f"{word_en} reactive demand {en}", f"{word_nl} blindvermogen per kwartier {nl}", LT,
            )  # fmt: skip
            yield _gauge(
                f"1-?:{9 + offset}.{d}.0", f"apparent_demand_{way}{word}_va", Quantity.APPARENT_POWER, 0,
                f"{word_en} apparent demand {en}", f"{word_nl} schijnbaar vermogen per kwartier {nl}", LT,
            )  # fmt: skip
    yield _gauge("1-?:15.24.0", "power_absolute_average_w", Quantity.POWER, 0, "Average power, both ways added",
                 "Gemiddeld vermogen, beide kanten samen", LT)  # fmt: skip
    yield _gauge("1-?:16.24.0", "power_net_average_w", Quantity.POWER, 0, "Average power, import less export",
                 "Gemiddeld vermogen, afname min teruglevering", LT)  # fmt: skip
    yield Entry(
        ("1-0:0.8.2",), "demand_period_s", Quantity.DURATION, Type.INTEGER, Kind.STATE, 0,
        "Demand period", "Meetperiode vermogen", LT,
    )  # fmt: skip
    yield Entry(
        ("0-0:98.1.0",), "peak_history", Quantity.NONE, Type.PROFILE, Kind.LOG, 0,
        "Peaks of the last 13 months", "Pieken van de laatste 13 maanden", EMUCS,
    )  # fmt: skip


def _limits() -> Iterator[Entry]:
    for quantity, unit, standard in (
        (Quantity.POWER, "w", DSMR_4),
        (Quantity.APPARENT_POWER, "va", LUX),
        (Quantity.CURRENT, "a", DSMR_3),
    ):
        yield Entry(
            ("0-0:17.0.0",), f"limiter_threshold_{unit}", quantity, Type.DECIMAL, Kind.STATE, 0,
            "Limiter threshold", "Grens van de begrenzer", standard,
        )  # fmt: skip
    yield Entry(
        ("1-?:31.4.0",), "fuse_threshold_a", Quantity.CURRENT, Type.DECIMAL, Kind.STATE, 0,
        "Fuse threshold", "Grens van de hoofdzekering", EMUCS,
    )  # fmt: skip
    for phase, code in (("l2", 51), ("l3", 71)):
        yield Entry(
            (f"1-?:{code}.4.0",), f"fuse_threshold_{phase}_a", Quantity.CURRENT, Type.DECIMAL, Kind.STATE, 0,
            f"Fuse threshold {phase.upper()}", f"Grens van de hoofdzekering {phase.upper()}", HU,
        )  # fmt: skip
    yield Entry(("1-0:0.4.2",), "current_transformer_ratio", Quantity.NONE, Type.DECIMAL, Kind.STATE, 0,
                "Current transformer ratio", "Verhouding stroomtransformator", NORDIC)  # fmt: skip
    yield Entry(("1-0:0.4.3",), "voltage_transformer_ratio", Quantity.NONE, Type.DECIMAL, Kind.STATE, 2,
                "Voltage transformer ratio", "Verhouding spanningstransformator", NORDIC)  # fmt: skip


def _mbus() -> Iterator[Entry]:
    yield _register("0-n:24.2.1", "gas_m3", Quantity.VOLUME, "Gas", "Gas", DSMR_5, kept=True)
    yield _register("0-n:24.2.1", "water_m3", Quantity.VOLUME, "Water", "Water", DSMR_5, kept=True)
    yield _register("0-n:24.2.1", "hot_water_m3", Quantity.VOLUME, "Hot water", "Warm water", DSMR_5, kept=True)
    yield _register("0-n:24.2.1", "heat_gj", Quantity.HEAT, "Heat", "Warmte", DSMR_5, kept=True)
    yield _register("0-n:24.2.1", "cold_gj", Quantity.HEAT, "Cold", "Koude", DSMR_5, kept=True)


CATALOGUE: tuple[Entry, ...] = (
    *_identity(), *_states(), *_energy(), *_power(), *_quality(), *_demand(), *_limits(), *_mbus(),
)  # fmt: skip

BY_NAME: Mapping[str, Entry] = MappingProxyType({entry.name: entry for entry in reversed(CATALOGUE)})


def codes_of(pattern: str) -> tuple[str, ...]:
    """Return the codes that a pattern stands for: `?` is 0 and 1."""
    return tuple(pattern.replace("?", digit) for digit in "01") if "?" in pattern else (pattern,)
