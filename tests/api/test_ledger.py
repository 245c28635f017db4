"""Costs of whole tables: they add up over every period, exactly, whatever the contracts and prices are."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from meterkast_api.database import Database
from meterkast_api.kept import Kept
from meterkast_api.money import prices as money_prices
from meterkast_api.money.charge import Charge
from meterkast_api.money.contracts import Contracts
from meterkast_api.money.ledger import Account, Known, Ledger
from meterkast_api.money.market import Price
from meterkast_api.money.memory import Memory
from meterkast_api.money.prices import Prices
from meterkast_store import Batch, MbusSample, Sample
from meterkast_store.book import Book
from meterkast_store.history import MeterInfo, Period, PowerCurve, Usage
from meterkast_store.period import midnight

from tests.store.memory import MemoryRows

ZONE = ZoneInfo("Europe/Amsterdam")
QUARTER = timedelta(minutes=15)
SPRING = datetime(2026, 3, 27, 23, tzinfo=UTC)
AUTUMN = datetime(2026, 10, 23, 22, tzinfo=UTC)
"""Local midnights before eight days with a change of the clock, on the second, and the end of a month."""
NOW = datetime(2027, 6, 1, tzinfo=UTC)
TOLERANCE = timedelta(seconds=90)
DAYS = 9


def _samples(start: datetime) -> list[Sample]:
    """Nine days of readings each quarter, another meter after five, with holes: short, over midnight, over a day."""
    dice = random.Random(1)
    registers = {f"energy_{way}_t{tariff}_wh": 1000 for way in ("import", "export") for tariff in (1, 2)}
    found = []
    for number in range(DAYS * 96 + 1):
        registers[dice.choice(sorted(registers))] += dice.randrange(900)
        if number == 5 * 96 + 7:
            registers = dict.fromkeys(registers, 0)
        in_a_hole = number in range(60, 62) or number in range(180, 205) or number in range(600, 730)
        if not in_a_hole:
            meter = "E1" if number < 5 * 96 + 7 else "E2"
            found.append(Sample("home", meter, start + number * QUARTER, registers=dict(registers)))
    return found


def _house(start: datetime) -> MemoryRows:
    """A house with gas by the hour."""
    rows = MemoryRows()
    book = Book(rows, retention=timedelta(days=3650), tolerance=TOLERANCE)
    gas = [
        MbusSample("home", "gas", "G1", start + timedelta(hours=n), "gas_l", 1000 + 7 * n) for n in range(DAYS * 24 + 1)
    ]
    asyncio.run(book.write(Batch(samples=_samples(start), mbus=gas)))
    return rows


@pytest.fixture(scope="module", params=[SPRING, AUTUMN], ids=["spring", "autumn"])
def place(request: pytest.FixtureRequest) -> "Place":
    """Give a house over a change of the clock."""
    return Place(request.param, _house(request.param))


@dataclass(frozen=True)
class Place:
    """A house, and when its history begins."""

    start: datetime
    rows: MemoryRows

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=DAYS)

    def prices(self, seed: int = 1, *, quarters: bool = False, gaps: bool = False) -> list[Price]:
        """Prices of every hour, some hours by the quarter, some without any."""
        dice = random.Random(seed)
        found = []
        for number in range((DAYS + 1) * 24):
            at = int(self.start.timestamp()) + number * 3600
            if not gaps or dice.random() > 0.05:
                steps = 4 if quarters and dice.random() < 0.3 else 1
                found += [Price(at + n * 900, Decimal(dice.randrange(-2000, 9000)).scaleb(-5)) for n in range(steps)]
        return found


class CountingHistory:
    """A history that counts how often it is asked."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.asked = 0

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        return await self.book.meters(gateway)

    async def usage(self, gateway: str, start: datetime, end: datetime, per: Period, timezone: ZoneInfo) -> Usage:
        self.asked += 1
        return await self.book.usage(gateway, start, end, per, timezone)

    async def power(
        self, gateway: str, start: datetime, end: datetime, points: int, fields: Sequence[str]
    ) -> PowerCurve:
        raise NotImplementedError

    async def events(self, gateway: str, start: datetime, end: datetime, limit: int) -> list[Any]:
        raise NotImplementedError


Sums = tuple[dict[str, Decimal], Fraction]


@dataclass(frozen=True)
class Answer:
    """A table and what it costs."""

    usage: Usage
    account: Account

    @property
    def total(self) -> Sums:
        return _sum([self.account.total])

    def parts(self) -> list[tuple[datetime, datetime, Charge]]:
        """Rows and holes."""
        spans = [(row.start, row.end) for row in self.usage.rows]
        spans += [(hole.start, hole.end) for hole in self.usage.holes]
        charges = (*self.account.rows, *self.account.holes)
        return [(*span, charge) for span, charge in zip(spans, charges, strict=True)]


class Office:
    """A ledger over that house, and what is needed to ask it."""

    def __init__(self, place: Place, database: Database, contracts: Contracts) -> None:
        self.place = place
        self.time = 0.0
        self.now = NOW
        self.history = CountingHistory(Book(place.rows, retention=timedelta(days=3650), tolerance=TOLERANCE))
        self.contracts = Kept(database, "contracts", contracts)
        self.prices = Prices(database, lambda: self.now)
        memory = Memory(lambda: self.time)
        self.ledger = Ledger(self.history, self.contracts, self.prices, memory, now=lambda: self.now)

    def asked(self) -> int:
        """How often history was asked since the last time."""
        asked, self.history.asked = self.history.asked, 0
        return asked

    async def ask(self, per: Period, start: datetime | None = None, end: datetime | None = None) -> Answer:
        span = (start or self.place.start, end or self.place.end)
        usage = await self.history.book.usage("home", *span, per, ZONE)
        known = Known(self.place.start, self.place.end)
        return Answer(usage, await self.ledger.account(usage, known))


@asynccontextmanager
async def _office(
    place: Place, contracts: Sequence[dict[str, Any]], prices: Sequence[Price] = ()
) -> AsyncIterator[Office]:
    with TemporaryDirectory() as folder:
        async with Database(Path(folder) / "api.sqlite", (money_prices.SCHEMA,)) as database:
            office = Office(place, database, Contracts.model_validate({"contracts": contracts}))
            if prices:
                await office.prices.put(prices)
            yield office


PRICE = st.decimals(-1, 1, places=5)
FLAT = st.fixed_dictionaries({"energy_import_kwh": PRICE, "energy_export_kwh": PRICE, "gas_m3": PRICE})
PER_TARIFF = st.fixed_dictionaries({"energy_import_t1_kwh": PRICE, "energy_import_t2_kwh": PRICE})
HOURLY = st.fixed_dictionaries(
    {"import_markup_kwh": PRICE, "export_markup_kwh": PRICE, "tax_percent": st.integers(0, 25)}
)
TERMS = st.one_of(
    st.fixed_dictionaries({"prices": FLAT, "fixed": st.just({"gas": "3.10"})}),
    st.fixed_dictionaries({"prices": PER_TARIFF, "fixed": st.fixed_dictionaries({}, optional={"electricity": PRICE})}),
    st.fixed_dictionaries({"hourly": HOURLY}),
    st.fixed_dictionaries({"hourly": HOURLY, "prices": st.fixed_dictionaries({"gas_m3": PRICE})}),
)
STEPS = (("quarter", "hour"), ("hour", "day"), ("day", "month"), ("month", "year"), ("day", "week"))
CHANGES = st.lists(st.integers(-2, DAYS), unique=True, max_size=6)


@st.composite
def _contracts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Contracts by the day after history's start on which they begin."""
    return [{"name": f"C{n}", "day": day, **draw(TERMS)} for n, day in enumerate(draw(CHANGES))]


def _on_days(contracts: Sequence[dict[str, Any]], start: datetime) -> list[dict[str, Any]]:
    first = start.astimezone(ZONE).date()
    found = [dict(one) for one in contracts]
    return [{"from": first + timedelta(days=one.pop("day")), **one} for one in found]


def _sum(charges: Sequence[Charge]) -> Sums:
    amounts: dict[str, Decimal] = {}
    for charge in charges:
        for kind, amount in charge.bill.amounts.items():
            amounts[kind] = amounts.get(kind, Decimal(0)) + amount
    amounts = {kind: amount for kind, amount in amounts.items() if amount}
    return amounts, sum((charge.fixed or Fraction(0) for charge in charges), Fraction(0))


# without shrinking, which takes longer than a test may
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(contracts=_contracts(), seed=st.integers(0, 1000), quarters=st.booleans(), gaps=st.booleans())
def test_costs_of_every_period_add_up_exactly(
    place: Place, contracts: list[dict[str, Any]], seed: int, *, quarters: bool, gaps: bool
) -> None:
    """Quarters and the holes between them are the hour, hours the day, days the week and month, months the year."""

    async def check() -> None:
        prices = place.prices(seed, quarters=quarters, gaps=gaps)
        async with _office(place, _on_days(contracts, place.start), prices) as office:
            answers = {per: await office.ask(per) for per in Period}
        for answer in answers.values():
            assert answer.total == answers[Period.YEAR].total
            assert answer.total == _sum([*answer.account.rows, *answer.account.holes])
        for finer, coarser in STEPS:
            parts = answers[Period(finer)].parts()
            rows = len(answers[Period(coarser)].usage.rows)
            for start, end, charge in answers[Period(coarser)].parts()[:rows]:
                inside = [fine for begin, until, fine in parts if start <= begin and until <= end]
                assert _sum(inside) == _sum([charge])

    asyncio.run(check())


HOURLY_CONTRACT = {"name": "A", "from": "2025-01-01", "hourly": {}}


async def test_what_is_remembered_is_not_asked_for_again(place: Place) -> None:
    """A year is worked out from hours once; then from memory for a while, until other contracts or prices come."""
    async with _office(place, [HOURLY_CONTRACT], place.prices()) as office:
        first = await office.ask(Period.YEAR)
        assert office.asked() > 2
        assert (await office.ask(Period.YEAR)).total == first.total
        assert office.asked() == 0
        office.time = 601
        assert (await office.ask(Period.YEAR)).total == first.total
        assert office.asked() == 2, "months and days, whose hours are remembered longer"
        office.time = 7 * 3600
        assert (await office.ask(Period.YEAR)).total == first.total
        assert office.asked() > 2
        await office.ask(Period.YEAR)
        office.asked()
        office.ledger.forget()
        assert (await office.ask(Period.YEAR)).total == first.total
        assert office.asked() > 2
        await office.prices.put([Price(int(place.start.timestamp()), Decimal(5))])
        changed = await office.ask(Period.YEAR)
        assert office.asked() > 2
        assert changed.total != first.total
        taxed = {**HOURLY_CONTRACT, "hourly": {"tax_percent": 9}}
        await office.contracts.put(Contracts.model_validate({"contracts": [taxed]}))
        assert (await office.ask(Period.YEAR)).total != changed.total


async def test_the_newest_two_days_are_always_worked_out_anew(place: Place) -> None:
    """A reading that comes late in them shows at once."""
    async with _office(place, [HOURLY_CONTRACT], place.prices()) as office:
        days = [midnight((place.start.astimezone(ZONE) + timedelta(days=n)).date(), ZONE) for n in range(4)]
        office.now = days[3] + timedelta(hours=1)
        await office.ask(Period.DAY, days[0], days[3])
        office.asked()
        await office.ask(Period.DAY, days[0], days[1])
        assert office.asked() == 0
        await office.ask(Period.DAY, days[1], days[3])
        assert office.asked() == 1


async def test_a_hole_is_priced_by_the_contract_of_its_beginning(place: Place) -> None:
    """What was used when in the hole over a midnight cannot be told: all of it is at the evening's price, 0.50."""
    days = [(place.start.astimezone(ZONE) + timedelta(days=n)).date() for n in (0, 2)]
    contracts = [
        {"name": name, "from": day, "prices": {"energy_import_kwh": price}, "fixed": {"other": 1}}
        for name, day, price in zip("AB", days, ("0.5", "2"), strict=True)
    ]
    async with _office(place, contracts) as office:
        answer = await office.ask(Period.DAY)
    change = midnight(days[1], ZONE)
    holes = [
        (hole, charge)
        for hole, charge in zip(answer.usage.holes, answer.account.holes, strict=True)
        if hole.start < change < hole.end
    ]
    assert len(holes) == 1
    hole, charge = holes[0]
    used = Decimal(hole.values["energy_import_wh"]).scaleb(-3)
    assert used > 1
    assert charge.bill.amounts["electricity_import"] == used / 2
    assert charge.fixed is None
