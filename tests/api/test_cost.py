"""What usage costs, computed by hand: the sums stand beside each case."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meterkast_api.comparison import Compare, compared_span
from meterkast_api.money.charge import Charge
from meterkast_api.money.contracts import Contracts
from meterkast_api.money.cost import NO_CONTRACT, NO_HOURLY_PRICE, Bill, Missing, bill_of, merged
from meterkast_api.money.market import Market, Price
from meterkast_api.money.timeline import Timeline
from meterkast_api.usage_json import cost_json
from meterkast_store.period import midnight

ZONE = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)
TEN = datetime(2026, 3, 10, 10, tzinfo=UTC)
PER_TARIFF = {"energy_import_t1_kwh": "0.20", "energy_import_t2_kwh": "0.30"}


def _timeline(*contracts: dict[str, Any]) -> Timeline:
    return Timeline(Contracts.model_validate({"contracts": contracts}), ZONE)


def _bill(contract: dict[str, Any], values: dict[str, int], prices: dict[datetime, str] | None = None) -> Bill:
    """The bill of an hour."""
    timeline = _timeline({"name": "A", "from": "2026-01-01", **contract})
    market = Market(Price(int(at.timestamp()), Decimal(price)) for at, price in (prices or {}).items())
    return bill_of(values, timeline.between(TEN, TEN + HOUR)[0], market)


def test_a_price_per_tariff_is_for_its_own_register() -> None:
    """1.5 kWh * 0.20 + 0.25 kWh * 0.30 = 0.30 + 0.075 = 0.375."""
    values = {"energy_import_t1_wh": 1500, "energy_import_t2_wh": 250, "energy_import_wh": 1750}
    assert _bill({"prices": PER_TARIFF}, values) == Bill({"electricity_import": Decimal("0.375")})


def test_a_total_price_is_for_all_tariffs_together() -> None:
    """1.75 kWh * 0.29 = 0.5075, although the meter has a register per tariff."""
    values = {"energy_import_t1_wh": 1500, "energy_import_t2_wh": 250, "energy_import_wh": 1750}
    bill = _bill({"prices": {"energy_import_kwh": "0.29"}}, values)
    assert bill == Bill({"electricity_import": Decimal("0.5075")})


def test_export_is_income() -> None:
    """-(2.000 kWh * 0.07) = -0.14."""
    assert _bill({"prices": {"energy_export_kwh": "0.07"}}, {"energy_export_wh": 2000}).amounts == {
        "electricity_export": Decimal("-0.14")
    }


def test_every_other_meter_has_its_own_unit() -> None:
    """Gas 0.5 * 1.20 = 0.60; water 0.1 * 0.90 + 0.02 * 8 = 0.25; heat 0.036 GJ * 40 + 1 kWh * 0.1 = 1.54."""
    prices = {"gas_m3": "1.20", "water_m3": "0.90", "hot_water_m3": "8", "heat_gj": "40", "cold_kwh": "0.1"}
    values = {"gas_l": 500, "water_l": 100, "hot_water_l": 20, "heat_kj": 36_000, "cold_wh": 1000}
    assert _bill({"prices": prices}, values).amounts == {
        "gas": Decimal("0.60"),
        "water": Decimal("0.25"),
        "heat": Decimal("1.54"),
    }


def test_what_has_no_price_is_missing_unless_nothing_was_used() -> None:
    """The reason names the contract and the price that it lacks."""
    bill = _bill({"prices": {}}, {"gas_l": 5, "water_l": 0})
    assert bill == Bill({}, [Missing("gas_m3", TEN, TEN + HOUR, "contract 'A' has no price for gas_m3")])


def test_a_tariff_without_a_price_is_missing_and_the_others_are_told() -> None:
    """1.5 kWh * 0.20 = 0.30; the second tariff has no price."""
    values = {"energy_import_t1_wh": 1500, "energy_import_t2_wh": 250, "energy_import_wh": 1750}
    bill = _bill({"prices": {"energy_import_t1_kwh": "0.20"}}, values)
    assert bill.amounts == {"electricity_import": Decimal("0.3")}
    assert [one.what for one in bill.missing] == ["energy_import_t2_kwh"]


def test_prices_per_tariff_cannot_price_a_meter_with_one_register() -> None:
    """Nothing is guessed; a sum of tariffs that lies a few watt-hours below the total is rounding."""
    bill = _bill({"prices": PER_TARIFF}, {"energy_import_wh": 1750})
    assert not bill.amounts
    assert [(one.what, one.why) for one in bill.missing] == [
        ("energy_import_kwh", "the meter has no registers per tariff, and contract 'A' has only prices per tariff")
    ]
    rounded = {"energy_import_t1_wh": 1749, "energy_import_t2_wh": 0, "energy_import_wh": 1750}
    assert not _bill({"prices": PER_TARIFF}, rounded).missing


def test_before_the_first_contract_nothing_is_priced() -> None:
    """It says that no contract covers the time."""
    bill = _bill({"from": "2026-04-01", "prices": {"gas_m3": 1}}, {"gas_l": 5, "energy_import_wh": 3})
    assert not bill.amounts
    assert [(one.what, one.why) for one in bill.missing] == [
        ("energy_import_kwh", NO_CONTRACT),
        ("gas_m3", NO_CONTRACT),
    ]


def test_an_hourly_price_has_its_markup_and_tax() -> None:
    """Import 2 kWh * (0.10 + 0.02) * 1.21 = 0.2904; export -(1 kWh * (0.10 - 0.01) * 1.21) = -0.1089."""
    hourly = {"import_markup_kwh": "0.02", "export_markup_kwh": "-0.01", "tax_percent": 21}
    bill = _bill({"hourly": hourly}, {"energy_import_wh": 2000, "energy_export_wh": 1000}, {TEN: "0.10"})
    assert bill == Bill({"electricity_import": Decimal("0.2904"), "electricity_export": Decimal("-0.1089")})


def test_a_price_below_zero_turns_the_signs() -> None:
    """Import 1 kWh * -0.05 = -0.05, export -(1 kWh * -0.05) = 0.05."""
    bill = _bill({"hourly": {}}, {"energy_import_wh": 1000, "energy_export_wh": 1000}, {TEN: "-0.05"})
    assert bill.amounts == {"electricity_import": Decimal("-0.05"), "electricity_export": Decimal("0.05")}


def test_an_hour_without_a_market_price_is_missing_unless_nothing_was_used() -> None:
    """Import is missing; export, of which there was none, costs nothing."""
    bill = _bill({"hourly": {}}, {"energy_import_wh": 1, "energy_export_wh": 0}, {TEN - HOUR: "0.1"})
    assert bill.amounts == {"electricity_export": Decimal(0)}
    assert bill.missing == [Missing("energy_import_kwh", TEN, TEN + HOUR, NO_HOURLY_PRICE)]


def test_a_price_holds_for_its_hour_or_its_quarter() -> None:
    """An hour with one price has it throughout, one with more has each for a quarter; a mean is by time."""
    prices = {TEN: "0.10", TEN + HOUR: "0.20", TEN + HOUR + timedelta(minutes=15): "0.40"}
    market = Market(Price(int(at.timestamp()), Decimal(price)) for at, price in prices.items())
    quarter = HOUR / 4
    assert market.mean(TEN + 3 * quarter, TEN + HOUR) == Decimal("0.10")
    assert market.mean(TEN + HOUR, TEN + HOUR + quarter) == Decimal("0.20")
    assert market.mean(TEN + HOUR, TEN + 2 * HOUR) is None
    assert market.mean(TEN + HOUR - 2 * quarter, TEN + HOUR + quarter) == (Decimal("0.40") / 3).quantize(
        Decimal("1e-10")
    )
    assert [market.quarterly(TEN + n * HOUR, TEN + (n + 1) * HOUR) for n in (0, 1)] == [False, True]


@pytest.mark.parametrize(
    ("start", "end", "parts"),
    [
        ("2026-02-01", "2026-03-01", "7.25"),  # a whole month
        ("2026-02-03", "2026-02-04", "7.25 1/28"),  # one day of 28
        ("2026-03-29", "2026-03-30", "7.25 1/31"),  # the day of 23 hours costs what every day does
        ("2025-12-01", "2026-02-01", "7.25"),  # December lies before the contract
        ("2026-06-15", "2026-08-01", "7.25 16/30 + 9.00"),  # the contract changes on 1 July
        ("2026-12-31", "2027-01-02", "9.00 1/31"),  # nothing after its end
    ],
)
def test_fixed_costs_are_per_day_of_their_month(start: str, end: str, parts: str) -> None:
    """A month's amount is spread over its days, the sum of all kinds, only while a contract holds."""
    timeline = _timeline(
        {"name": "A", "from": "2026-01-01", "fixed": {"electricity": "8.25", "other": "-1"}},
        {"name": "B", "from": "2026-07-01", "until": "2027-01-01", "fixed": {"electricity": "9"}},
    )
    wanted = Fraction(0)
    for part in parts.split(" + "):
        amount, _, share = part.partition(" ")
        wanted += Fraction(amount) * Fraction(share or 1)
    assert timeline.fixed(*(midnight(date.fromisoformat(day), ZONE) for day in (start, end))) == wanted


def test_an_hour_of_a_short_day_has_a_larger_part_of_it() -> None:
    """31 euro a month is one a day, 1/23 of it per hour on 29 March."""
    timeline = _timeline({"name": "A", "from": "2026-01-01", "fixed": {"gas": 31}})
    start = datetime(2026, 3, 29, 12, tzinfo=UTC)
    assert timeline.fixed(start, start + HOUR) == Fraction(1, 23)
    assert _timeline({"name": "A", "from": "2026-01-01"}).fixed(start, start + HOUR) is None


@settings(max_examples=30, deadline=None)
@given(
    year_month=st.tuples(st.integers(2024, 2027), st.integers(1, 12)),
    amount=st.decimals(-100, 100, places=2),
    changed_on=st.integers(1, 28),
)
def test_fixed_costs_of_hours_add_up_to_the_month(
    year_month: tuple[int, int], amount: Decimal, changed_on: int
) -> None:
    """Exactly, whatever the month's length, its clock changes, and the day on which the contract changes."""
    year, month = year_month
    change = date(year, month, changed_on)
    timeline = _timeline(
        {"name": "A", "from": "2020-01-01", "fixed": {"gas": amount}},
        {"name": "B", "from": change, "fixed": {"gas": 3}},
    )
    days = [date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1)]
    start, end = midnight(days[0], ZONE), midnight(days[-1] + timedelta(days=1), ZONE)
    hours = [start + number * HOUR for number in range((end - start) // HOUR)]
    total = sum((timeline.fixed(hour, hour + HOUR) or Fraction(0) for hour in hours), Fraction(0))
    assert total == timeline.fixed(start, end)
    assert total == (Fraction(amount) * (changed_on - 1) + 3 * (len(days) - changed_on + 1)) / len(days)


def test_what_is_missing_is_told_once() -> None:
    """Neighbouring hours without a market price are one time; a price that a contract lacks is one line."""

    def missing(hour: int, why: str) -> Missing:
        return Missing("x", TEN + hour * HOUR, TEN + (hour + 1) * HOUR, why)

    assert merged([missing(n, NO_HOURLY_PRICE) for n in (0, 4, 1, 5)]) == [
        Missing("x", TEN, TEN + 2 * HOUR, NO_HOURLY_PRICE),
        Missing("x", TEN + 4 * HOUR, TEN + 6 * HOUR, NO_HOURLY_PRICE),
    ]
    assert merged([missing(n, "lacks") for n in (0, 4)]) == [Missing("x", TEN, TEN + 5 * HOUR, "lacks")]


def test_amounts_are_rounded_when_told_and_the_total_last() -> None:
    """0.00005 is told as 0.0001 twice, and the exact total, 0.0001 + 1/3, as 0.3334."""
    bill = Bill({"gas": Decimal("0.00005"), "water": Decimal("0.00005")})
    told = cost_json(Charge(bill, Fraction(1, 3)))
    assert {name: _text(amount) for name, amount in told.items()} == {
        "gas": "0.0001",
        "water": "0.0001",
        "fixed": "0.3333",
        "total": "0.3334",
    }
    assert _text(cost_json(Charge(Bill({"gas": Decimal("-0.00001")})))["gas"]) == "0.0000"
    assert cost_json(Charge(Bill())) == {}


def _text(fragment: Any) -> str:
    return orjson.dumps(fragment).decode()


@pytest.mark.parametrize(
    ("start", "end", "compare", "wanted"),
    [
        ("2026-03-01", "2026-04-01", "previous", "2026-02-01 2026-03-01"),
        ("2026-01-01", "2027-01-01", "previous", "2025-01-01 2026-01-01"),
        ("2026-01-01", "2026-04-01", "previous", "2025-10-01 2026-01-01"),
        ("2026-03-29", "2026-03-30", "previous", "2026-03-28 2026-03-29"),
        ("2026-03-30", "2026-04-06", "previous", "2026-03-23 2026-03-30"),
        ("2026-03-01", "2026-03-11", "previous", "2026-02-19 2026-03-01"),
        ("2026-03-29T12:00", "2026-03-29T18:00", "previous", "2026-03-29T06:00 2026-03-29T12:00"),
        ("2026-03-01", "2026-04-01", "year", "2025-03-01 2025-04-01"),
        ("2024-02-01", "2024-03-01", "year", "2023-02-01 2023-03-01"),
        ("2025-02-01", "2025-03-01", "year", "2024-02-01 2024-03-01"),
        ("2024-02-29", "2024-03-01", "year", "2023-02-28 2023-03-01"),
        ("2024-02-28", "2024-02-29", "year", "2023-02-28 2023-03-01"),
        ("2024-02-29T12:00", "2024-02-29T13:00", "year", "2023-02-28T12:00 2023-02-28T13:00"),
        ("2026-10-25", "2026-10-26", "year", "2025-10-25 2025-10-26"),
    ],
)
def test_a_span_is_compared_by_the_calendar(start: str, end: str, compare: str, wanted: str) -> None:
    """Months with months, days with days, and a year earlier the same dates."""
    begin, until = (datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC) for text in (start, end))
    found = compared_span(begin, until, Compare(compare), ZONE)
    assert found == tuple(datetime.fromisoformat(text).replace(tzinfo=ZONE).astimezone(UTC) for text in wanted.split())
