"""What usage costs: exact decimals, rounded only when they are told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterkast_api.money.contracts import Contract, Hourly
from meterkast_api.money.market import Market
from meterkast_api.money.registers import OTHERS, PER_TARIFF, TOTALS, WAYS, PricedRegister
from meterkast_api.money.timeline import Segment

CUT_OFF_WH = 10
"""Registers are cut to a watt-hour, so the tariffs' sum may lie a little below the total."""
NO_CONTRACT = "no contract covers this time"
NO_HOURLY_PRICE = "no market price is known for this time: PUT it to /api/v1/prices, or set price_topic"
Values = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Missing:
    """What could not be priced, when, and why."""

    what: str
    start: datetime
    end: datetime
    why: str


@dataclass(slots=True)
class Bill:
    """Amounts by kind of cost, export below zero; a kind of which nothing is known is absent."""

    amounts: dict[str, Decimal] = field(default_factory=dict)
    missing: list[Missing] = field(default_factory=list)

    def charge(self, kind: str, amount: Decimal) -> None:
        """Add an amount."""
        self.amounts[kind] = self.amounts.get(kind, Decimal(0)) + amount

    def add(self, other: "Bill") -> None:
        """Add another bill."""
        for kind, amount in other.amounts.items():
            self.charge(kind, amount)
        self.missing += other.missing


def together(bills: Iterable[Bill]) -> Bill:
    """The sum of bills."""
    total = Bill()
    for bill in bills:
        total.add(bill)
    total.missing = merged(total.missing)
    return total


def merged(missing: Iterable[Missing]) -> list[Missing]:
    """One entry for what is missing over neighbouring times for the same reason; for a contract's gap, over all."""
    found: dict[tuple[str, str], list[Missing]] = {}
    for one in sorted(missing, key=lambda one: one.start):
        same = found.setdefault((one.what, one.why), [])
        if same and (one.start <= same[-1].end or one.why not in (NO_CONTRACT, NO_HOURLY_PRICE)):
            same[-1] = Missing(one.what, same[-1].start, max(same[-1].end, one.end), one.why)
        else:
            same.append(one)
    return sorted((one for same in found.values() for one in same), key=lambda one: (one.start, one.what))


def bill_of(values: Values, segment: Segment, market: Market) -> Bill:
    """The bill of what was used in a segment, its bounds being those of the usage."""
    bill = Bill()
    contract = segment.contract
    for way in WAYS:
        if contract is not None and contract.hourly is not None:
            _at_the_hour(bill, values, way, contract.hourly, segment, market)
        else:
            _at_a_tariff(bill, values, way, segment)
    for register in OTHERS:
        _at_a_price(bill, values, register, segment)
    return bill


def _at_a_price(bill: Bill, values: Values, register: PricedRegister, segment: Segment) -> None:
    used = values.get(register.field)
    if used is None:
        return
    price = segment.contract.prices.get(register.name) if segment.contract is not None else None
    if price is not None:
        bill.charge(register.kind, _signed(register, _amount(used, register) * price))
    elif used:
        bill.missing.append(Missing(register.name, segment.start, segment.end, _no_price(segment.contract, register)))


def _at_a_tariff(bill: Bill, values: Values, way: str, segment: Segment) -> None:
    total = TOTALS[way]
    prices = segment.contract.prices if segment.contract is not None else {}
    if not any(register.name in prices for register in PER_TARIFF[way]):
        _at_a_price(bill, values, total, segment)
        return
    for register in PER_TARIFF[way]:
        _at_a_price(bill, values, register, segment)
    counted = [values[register.field] for register in PER_TARIFF[way] if register.field in values]
    if values.get(total.field, 0) > sum(counted) + CUT_OFF_WH:
        why = f"the meter has no registers per tariff, and contract {_name(segment)} has only prices per tariff"
        bill.missing.append(Missing(total.name, segment.start, segment.end, why))


def _at_the_hour(bill: Bill, values: Values, way: str, hourly: Hourly, segment: Segment, market: Market) -> None:
    total = TOTALS[way]
    used = values.get(total.field)
    if used is None:
        return
    if not used:
        bill.charge(total.kind, Decimal(0))
        return
    price = market.mean(segment.start, segment.end)
    if price is None:
        bill.missing.append(Missing(total.name, segment.start, segment.end, NO_HOURLY_PRICE))
        return
    markup = hourly.import_markup_kwh if way == "import" else hourly.export_markup_kwh
    per_kwh = (price + markup) * (1 + hourly.tax_percent.scaleb(-2))
    bill.charge(total.kind, _signed(total, _amount(used, total) * per_kwh))


def _amount(used: int, register: PricedRegister) -> Decimal:
    return Decimal(used).scaleb(-register.shift)


def _signed(register: PricedRegister, amount: Decimal) -> Decimal:
    return -amount if register.way == "export" else amount


def _no_price(contract: Contract | None, register: PricedRegister) -> str:
    return NO_CONTRACT if contract is None else f"contract {contract.name!r} has no price for {register.name}"


def _name(segment: Segment) -> str:
    return repr(segment.contract.name) if segment.contract is not None else ""


def bills_of(spans: Sequence[tuple[Segment, Values]], market: Market) -> list[Bill]:
    """The bill of each of many pieces of usage."""
    return [bill_of(values, segment, market) for segment, values in spans]
