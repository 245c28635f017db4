"""Contracts: what energy costs from when to when, as people write them down from their bills."""

import difflib
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from meterkast_api.money.registers import PER_TARIFF, REGISTERS, TOTALS, WAYS

FIRST, LAST = date(1970, 1, 1), date(2200, 1, 1)
_NUMBER = WithJsonSchema({"type": "number"})
Amount = Annotated[Decimal, Field(max_digits=15, decimal_places=8), _NUMBER]
Percent = Annotated[Decimal, Field(ge=0, le=100, max_digits=15, decimal_places=8), _NUMBER]
Day = Annotated[date, Field(ge=FIRST, le=LAST)]
FixedKind = Literal["electricity", "gas", "water", "heat", "other"]


class Hourly(BaseModel):
    """Electricity at the market's price of the hour: price plus markup, and the tax over both."""

    model_config = ConfigDict(extra="forbid")

    import_markup_kwh: Amount = Field(default_factory=Decimal)
    export_markup_kwh: Amount = Field(default_factory=Decimal)
    tax_percent: Percent = Field(default_factory=Decimal)


class Contract(BaseModel):
    """Prices and fixed costs that hold from one day until another, of the home's time zone."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    begin: Day = Field(alias="from")
    end: Day | None = Field(
        default=None,
        alias="until",
        description="The first day on which it no longer holds; else until the next begins.",
    )
    prices: dict[str, Amount] = Field(
        default={},
        description="Per unit of the catalogue's name: `energy_import_kwh`, or `energy_import_t1_kwh` and `…_t2_kwh`; "
        "`energy_export_kwh`…, `gas_m3`, `water_m3`, `hot_water_m3`, `heat_gj`, `heat_kwh`, `cold_gj`, `cold_kwh`.",
    )
    fixed: dict[FixedKind, Amount] = Field(default={}, description="Per month; below zero where it is a rebate.")
    hourly: Hourly | None = None

    @field_validator("prices")
    @classmethod
    def _of_registers(cls, prices: dict[str, Decimal]) -> dict[str, Decimal]:
        for name in prices:
            if name not in REGISTERS:
                raise ValueError(_unknown_price(name))
        for way in WAYS:
            total, tariffs = TOTALS[way].name, [r.name for r in PER_TARIFF[way] if r.name in prices]
            if total in prices and tariffs:
                raise ValueError(f"{total} and {tariffs[0]} exclude each other: give one price, or one per tariff")
        return prices

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.end is not None and self.end <= self.begin:
            raise ValueError(
                f"contract {self.name!r} ends before it begins: until, {self.end}, is the first day on which it no "
                f"longer holds and must lie after from, {self.begin}"
            )
        electricity = [name for name in self.prices if REGISTERS[name].way]
        if self.hourly is not None and electricity:
            raise ValueError(
                f"contract {self.name!r} has hourly prices, so {electricity[0]} has no meaning: leave it out, "
                "or leave out hourly"
            )
        return self


class Contracts(BaseModel):
    """Every contract, in one currency."""

    model_config = ConfigDict(extra="forbid")

    currency: str = Field(default="EUR", description="ISO 4217 code.")
    contracts: list[Contract] = Field(default=[], max_length=1000)

    @field_validator("currency")
    @classmethod
    def _code(cls, code: str) -> str:
        if not (len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()):  # noqa: PLR2004 - of ISO 4217
            raise ValueError(f"{code!r} is no currency: use its code of three capitals, such as EUR")
        return code

    @field_validator("contracts")
    @classmethod
    def _one_at_a_time(cls, contracts: list[Contract]) -> list[Contract]:
        ordered = sorted(contracts, key=lambda contract: contract.begin)
        for before, after in pairwise(ordered):
            if before.begin == after.begin:
                raise ValueError(
                    f"contracts {before.name!r} and {after.name!r} both begin on {after.begin}: at each time one "
                    "holds, so put all its prices in one"
                )
            if before.end is not None and before.end > after.begin:
                raise ValueError(
                    f"contract {before.name!r} runs until {before.end} and {after.name!r} already begins on "
                    f"{after.begin}: let {before.name!r} end on {after.begin}, or {after.name!r} begin on {before.end}"
                )
        return ordered


def _unknown_price(name: str) -> str:
    near = difflib.get_close_matches(name, REGISTERS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"prices are per unit of {', '.join(REGISTERS)}"
    return f"there is no price {name!r}: {hint}"
