"""What DSMR-reader tells of costs, by our contracts: electricity per tariff, gas, and the fixed costs of whole days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Reading
from meterkast_store.history import Period, Usage, UsageRow

from meterkast_api.compat.dial import GAS
from meterkast_api.history import UsageReader
from meterkast_api.home import Home
from meterkast_api.money.cost import Bill
from meterkast_api.money.ledger import Known
from meterkast_api.money.money import Money
from meterkast_api.money.registers import WAYS

SIGNS = {"import": 1, "export": -1}
TARIFFS = (1, 2)
KILO = 1000


@dataclass(frozen=True, slots=True)
class DayCost:
    """What a day cost, exactly; zero where no price is known."""

    electricity: tuple[Decimal, ...]
    gas: Decimal
    fixed: Decimal
    total: Decimal


class OneTariff:
    """History as if nothing but one tariff were metered (see UsageReader)."""

    def __init__(self, history: UsageReader, tariff: int) -> None:
        self._history = history
        self._tariff = tariff

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        """Usage at the tariff."""
        return self.of(await self._history.usage(gateway, start, end, per, timezone))

    def of(self, usage: Usage) -> Usage:
        """What of some usage was at the tariff."""
        rows = tuple(replace(row, values=self._only(row.values)) for row in usage.rows)
        holes = tuple(replace(hole, values=self._only(hole.values)) for hole in usage.holes)
        return replace(usage, rows=rows, holes=holes)

    def _only(self, values: Mapping[str, int]) -> dict[str, int]:
        used = {way: values.get(f"energy_{way}_t{self._tariff}_wh") for way in WAYS}
        return at_tariff({way: value for way, value in used.items() if value is not None}, self._tariff)


class ReaderCosts:
    """Works costs out for the answers of DSMR-reader's API."""

    def __init__(self, history: UsageReader, money: Money, home: Home) -> None:
        self._money = money
        self._home = home
        self._tariffs = tuple((view, money.over(view)) for view in (OneTariff(history, tariff) for tariff in TARIFFS))

    async def days(self, usage: Usage, shown: Sequence[UsageRow]) -> list[DayCost]:
        """What some of the days of a table cost; what was used across holes between days is in none."""
        if not shown:
            return []
        start, end = shown[0].start, shown[-1].end
        rows = tuple(row for row in usage.rows if start <= row.start < end)
        usage = replace(usage, rows=rows, holes=())
        whole = await self._money.ledger.account(usage, Known(start, end))
        tariffs = [await ledger.account(view.of(usage), None) for view, ledger in self._tariffs]
        costs = {
            row.start: _day(charge.bill, charge.fixed, [account.rows[number].bill for account in tariffs])
            for number, (row, charge) in enumerate(zip(rows, whole.rows, strict=True))
        }
        return [costs[row.start] for row in shown]

    async def per_hour(self, reading: Reading, at: datetime) -> Decimal | None:
        """What an hour at the power of a reading costs; None where no contract holds or no price is known."""
        watts = {way: int(reading.number(f"power_{way}_w") or 0) for way in WAYS}
        tariff = reading.number("tariff")
        bill = await self._rate(at_tariff(watts, int(tariff or 0)), at)
        return _electricity(bill) if bill is not None and bill.amounts else None

    async def gas(self, litres: int, at: datetime) -> Decimal | None:
        """What gas costs at the prices of a moment; None where no contract holds."""
        bill = await self._rate({GAS: litres}, at)
        return None if bill is None else bill.amounts.get("gas", Decimal(0))

    async def prices(self, at: datetime) -> list[Decimal] | None:
        """Prices of a moment: per kWh imported and exported at each tariff, per m³ of gas; None without a contract."""
        prices = []
        for way in WAYS:
            for tariff in TARIFFS:
                bill = await self._rate(at_tariff({way: KILO}, tariff), at)
                if bill is None:
                    return None
                prices.append(_electricity(bill) * SIGNS[way])
        return [*prices, await self.gas(KILO, at) or Decimal(0)]

    async def _rate(self, values: Mapping[str, int], at: datetime) -> Bill | None:
        return await self._money.ledger.rate(values, at, self._home.zone)


def at_tariff(used: Mapping[str, int], tariff: int) -> dict[str, int]:
    """Return what was used per way as registers: that of the tariff, and the total."""
    tariffs = {f"energy_{way}_t{tariff}_wh": value for way, value in used.items()}
    return tariffs | {f"energy_{way}_wh": value for way, value in used.items()}


def _day(bill: Bill, fixed: Fraction | None, tariffs: Sequence[Bill]) -> DayCost:
    gas, exact = bill.amounts.get("gas", Decimal(0)), fixed or Fraction(0)
    standing = Decimal(exact.numerator) / exact.denominator
    electricity = tuple(map(_electricity, tariffs))
    return DayCost(electricity, gas, standing, _electricity(bill) + gas + standing)


def _electricity(bill: Bill) -> Decimal:
    return sum((bill.amounts.get(f"electricity_{way}", Decimal(0)) for way in WAYS), Decimal(0))
