"""The catalogue keeps its own rules."""

import re

import pytest
from meterkast_contracts.catalogue import BY_NAME, CATALOGUE, UNITS, Entry, Kind, codes_of

MAIN_NAMES = [
    "energy_import_t1_kwh",
    "energy_import_t2_kwh",
    "energy_import_kwh",
    "energy_export_t1_kwh",
    "energy_export_t2_kwh",
    "energy_export_kwh",
    "tariff",
    "power_import_w",
    "power_export_w",
    "power_import_l1_w",
    "power_import_l2_w",
    "power_import_l3_w",
    "power_export_l1_w",
    "power_export_l2_w",
    "power_export_l3_w",
    "voltage_l1_v",
    "voltage_l2_v",
    "voltage_l3_v",
    "current_l1_a",
    "current_l2_a",
    "current_l3_a",
    "demand_import_w",
    "peak_import_w",
    "peak_history",
    "power_failures",
    "long_power_failures",
    "power_failure_log",
    "voltage_sags_l1",
    "voltage_sags_l2",
    "voltage_sags_l3",
    "voltage_swells_l1",
    "voltage_swells_l2",
    "voltage_swells_l3",
    "meter_id",
    "measured_at",
    "gas_m3",
    "water_m3",
    "heat_gj",
]


@pytest.mark.parametrize("name", MAIN_NAMES)
def test_main_names_are_there(name: str) -> None:
    """Every main name of the contract is in the catalogue."""
    assert name in BY_NAME


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: f"{entry.name} {entry.codes[0]}")
def test_entry_is_complete(entry: Entry) -> None:
    """Every entry has codes, labels in both languages and a source, and its name ends in its unit."""
    assert entry.codes
    assert entry.label_en
    assert entry.label_nl
    assert entry.standard
    assert re.fullmatch(r"[a-z][a-z0-9_]*", entry.name)
    if entry.unit:
        assert entry.name.endswith(f"_{entry.unit.lower()}")
    for pattern in entry.codes:
        assert re.fullmatch(r"[0-9n?]-[0-9n?]:[0-9]{1,3}[.:][0-9]{1,3}\.[0-9]{1,3}", pattern)


def test_names_mean_one_thing() -> None:
    """Entries that share a name share quantity and kind, and labels tell entries with other names apart."""
    for entry in CATALOGUE:
        assert (BY_NAME[entry.name].quantity, BY_NAME[entry.name].kind) == (entry.quantity, entry.kind)
    by_label: dict[tuple[str, str], set[str]] = {}
    for entry in CATALOGUE:
        by_label.setdefault((entry.label_en, entry.unit), set()).add(entry.name)
    assert [names for names in by_label.values() if len(names) > 1] == []


def test_a_code_and_unit_lead_to_one_entry() -> None:
    """No two entries claim the same code with the same unit."""
    claimed: dict[tuple[str, str], str] = {}
    for entry in CATALOGUE:
        for code in (code for pattern in entry.codes for code in codes_of(pattern) if not pattern.startswith("0-n")):
            for unit in UNITS[entry.quantity][1]:
                assert claimed.setdefault((code, unit), entry.name) == entry.name


def test_registers_stand_in_databases_as_integers() -> None:
    """A register of energy, volume or heat has a database field in Wh, litres or kJ and the shift that leads there."""
    assert (BY_NAME["energy_import_t1_kwh"].database_field, BY_NAME["energy_import_t1_kwh"].database_shift) == (
        "energy_import_t1_wh", 3,
    )  # fmt: skip
    assert BY_NAME["gas_m3"].database_field == "gas_l"
    assert (BY_NAME["heat_gj"].database_field, BY_NAME["heat_gj"].database_shift) == ("heat_kj", 6)
    assert (BY_NAME["power_import_w"].database_field, BY_NAME["power_import_w"].database_shift) == ("power_import_w", 0)
    for entry in CATALOGUE:
        if entry.kind is not Kind.REGISTER:
            assert entry.database_shift == 0
