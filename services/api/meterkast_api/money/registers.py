"""Which registers have a price, and as which kind of cost it is told; all of it follows from the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from meterkast_contracts.catalogue import CATALOGUE, DATABASE_SHIFT, Kind, Quantity

WAYS = ("import", "export")
_MONEY = (Quantity.ENERGY, Quantity.VOLUME, Quantity.HEAT)
_KIND_OF = {"gas": "gas", "water": "water", "hot_water": "water", "heat": "heat", "cold": "heat"}
KINDS = ("electricity_import", "electricity_export", "gas", "water", "heat")


@dataclass(frozen=True, slots=True)
class PricedRegister:
    """A register: its catalogue name (what a price is per unit of), history's field and shift, and its kind of cost."""

    name: str
    field: str
    shift: int
    kind: str
    way: str | None = None

    @property
    def total(self) -> bool:
        """Whether it counts all of one way, whatever the tariff."""
        return self.name == f"energy_{self.way}_kwh"


def _registers() -> Mapping[str, PricedRegister]:
    found = {}
    for entry in CATALOGUE:
        if not entry.kept or entry.kind is not Kind.REGISTER or entry.quantity not in _MONEY:
            continue
        stem = entry.name.rpartition("_")[0]
        way = next((way for way in WAYS if stem.startswith(f"energy_{way}")), None)
        kind = f"electricity_{way}" if way else _KIND_OF[stem]
        found[entry.name] = PricedRegister(entry.name, entry.database_field, entry.database_shift, kind, way)
    unit, shift = DATABASE_SHIFT[Quantity.ENERGY]
    for stem in ("heat", "cold"):  # many of these meters count kWh
        found[f"{stem}_kwh"] = PricedRegister(f"{stem}_kwh", f"{stem}_{unit}", shift, _KIND_OF[stem])
    return found


REGISTERS: Mapping[str, PricedRegister] = MappingProxyType(_registers())
TOTALS = {way: REGISTERS[f"energy_{way}_kwh"] for way in WAYS}
PER_TARIFF = {way: tuple(r for r in REGISTERS.values() if r.way == way and not r.total) for way in WAYS}
OTHERS = tuple(r for r in REGISTERS.values() if r.way is None)
