"""Contracts as people write them, and what is said of mistakes."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from meterkast_api.money.contracts import Contracts
from pydantic import ValidationError

A = {"name": "A", "from": "2025-01-01"}
B = {"name": "B", "from": "2026-01-01"}

MISTAKES: list[tuple[list[dict[str, Any]], str]] = [
    ([{**A, "until": "2026-02-01"}, B], "let 'A' end on 2026-01-01, or 'B' begin on 2026-02-01"),
    ([A, {**B, "from": "2025-01-01"}], "both begin on 2025-01-01: at each time one holds"),
    ([{**A, "until": "2025-01-01"}], "must lie after from, 2025-01-01"),
    ([{**A, "prices": {"energy_import_kw": 0.3}}], "did you mean energy_import_kwh?"),
    ([{**A, "prices": {"zzz": 0.3}}], "prices are per unit of energy_import_kwh"),
    ([{**A, "prices": {"power_import_w": 0.3}}], "there is no price 'power_import_w'"),
    (
        [{**A, "prices": {"energy_import_kwh": 0.3, "energy_import_t2_kwh": 0.2}}],
        "energy_import_kwh and energy_import_t2_kwh exclude each other: give one price, or one per tariff",
    ),
    (
        [{**A, "prices": {"energy_export_t1_kwh": 0.3}, "hourly": {}}],
        "'A' has hourly prices, so energy_export_t1_kwh has no meaning: leave it out, or leave out hourly",
    ),
    ([{**A, "hourly": {"tax_percent": 121}}], "less than or equal to 100"),
    ([{**A, "fixed": {"rent": 9}}], "Input should be 'electricity', 'gas', 'water', 'heat' or 'other'"),
    ([{**A, "prices": {"gas_m3": "NaN"}}], "finite number"),
    ([{**A, "prices": {"gas_m3": 0.123456789}}], "no more than 8 decimal places"),
    ([{**A, "from": "1066-10-14"}], "1970-01-01"),
    ([{**A, "untill": "2027-01-01"}], "Extra inputs are not permitted"),
    ([{**A, "name": ""}], "at least 1 character"),
]


@pytest.mark.parametrize(("contracts", "sentence"), MISTAKES, ids=[sentence for _, sentence in MISTAKES])
def test_a_mistake_is_refused_with_what_would_be_right(contracts: list[dict[str, Any]], sentence: str) -> None:
    """Each refusal names the contract or the price, and how to mend it."""
    with pytest.raises(ValidationError, match=None) as caught:
        Contracts.model_validate({"contracts": contracts})
    assert sentence in str(caught.value)


def test_contracts_stand_by_their_first_day() -> None:
    """In whatever order they are given; one that ends as the next begins does not overlap it, a gap is allowed."""
    contracts = Contracts.model_validate({"contracts": [B, {**A, "until": "2026-01-01"}, {**B, "from": "2028-01-01"}]})
    assert [contract.begin for contract in contracts.contracts] == [
        date(2025, 1, 1),
        date(2026, 1, 1),
        date(2028, 1, 1),
    ]
    assert contracts.currency == "EUR"


def test_prices_may_be_of_any_register_that_costs_money() -> None:
    """Per tariff or in total, gas, cold and hot water, heat and cold by joule or kilowatt-hour; exact."""
    names = ["energy_import_t1_kwh", "energy_import_t4_kwh", "energy_export_kwh", "gas_m3", "water_m3"]
    names += ["hot_water_m3", "heat_gj", "cold_gj", "heat_kwh", "cold_kwh"]
    contracts = Contracts.model_validate({"contracts": [{**A, "prices": dict.fromkeys(names, 0.1234)}]})
    assert set(contracts.contracts[0].prices.values()) == {Decimal("0.1234")}


@pytest.mark.parametrize("code", ["eur", "EURO", "€", "E1R", ""])
def test_a_currency_is_a_code_of_three_capitals(code: str) -> None:
    """As ISO 4217 has them."""
    with pytest.raises(ValidationError, match="use its code of three capitals, such as EUR"):
        Contracts.model_validate({"currency": code})
