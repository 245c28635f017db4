"""Columns of registers: the catalogue's, in its order, and those of further M-Bus devices."""

from collections.abc import Iterable

from meterkast_contracts.catalogue import CATALOGUE, Kind

from meterkast_api.export.sheet import Column, Form
from meterkast_api.tables import register_of

ELECTRICITY = tuple(
    dict.fromkeys(
        entry.database_field
        for entry in CATALOGUE
        if entry.kept and entry.kind is Kind.REGISTER and not entry.codes[0].startswith("0-n:")
    )
)
"""Database fields of the registers that stand in every telegram."""

KEPT = tuple(dict.fromkeys(entry.database_field for entry in CATALOGUE if entry.kept and entry.kind is Kind.REGISTER))
"""Database fields of all registers, M-Bus devices included."""


def register_columns(fields: Iterable[str]) -> tuple[Column, ...]:
    """Return a column per database field."""
    named = (register_of(field) for field in fields)
    return tuple(Column(name, Form.EXACT, shift) for name, shift in named)
