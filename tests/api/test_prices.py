"""Market prices: files of every make, messages, and what is kept of them."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_api.database import Database
from meterkast_api.money import prices as money_prices
from meterkast_api.money.market import Price
from meterkast_api.money.price_csv import PriceFileError, read_prices
from meterkast_api.money.price_topic import prices_of
from meterkast_api.money.prices import Outcome, Prices

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 3, 29, 12, tzinfo=UTC)
TWO = [("2026-03-01T00:00+01:00", "0.08121"), ("2026-03-01T01:00+01:00", "-0.00012")]

FILES = {
    "commas, offset, header": "from,price_kwh\n2026-03-01T00:00+01:00,0.08121\n2026-03-01T01:00+01:00,-0.00012\n",
    "no header": "2026-02-28T23:00Z,0.08121\n2026-03-01T00:00Z,-0.00012\n",
    "semicolons, decimal commas, local": "datum;prijs\n2026-03-01 00:00:00;0,08121\n2026-03-01 01:00:00;-0,00012\n",
    "tabs, Windows line ends, a currency sign": "Van\tPrijs (EUR/kWh)\r\n"
    "1-3-2026 00:00\t€ 0,08121\r\n1-3-2026 01:00\t-0,00012\r\n",
    "quoted decimal commas": 'from,price\n2026-03-01T00:00,"0,08121"\n2026-03-01T01:00,"-0,00012"\n',
    "per MWh": "from,price EUR/MWh\n2026-03-01T00:00,81.21\n2026-03-01T01:00,-0.12\n",
    "ranges of time, quoted, other columns": '"MTU (CET/CEST)","Area","Day-ahead Price (EUR/MWh)"\n'
    '"01/03/2026 00:00:00 - 01/03/2026 01:00:00","BZN|NL","81.21"\n'
    '"01/03/2026 01:00:00 - 01/03/2026 02:00:00","BZN|NL","-0.12"\n',
    "newest first, empty lines": "\nfrom;price\n2026-03-01 01:00;-0,00012\n\n2026-03-01 00:00;0,08121\n",
}

BAD: list[tuple[str, list[tuple[int, str]]]] = [
    ("", [(1, "the file is empty")]),
    ("from,price_kwh\n", [(1, "there is no line below the header")]),
    ("hour,amount\n1,2\n", [(1, "the header hour, amount names no time or no price")]),
    ("from,price\nsoon,0.1\n2026-03-01,x\n", [(2, "'soon' is no time"), (3, "'x' is no price")]),
    ("2026-03-01 00:07,0.1\n", [(1, "is no quarter of an hour")]),
    ("2026-03-01 00:00,0.1\n2026-03-01 00:00,0.2\n", [(2, "'2026-03-01 00:00' comes twice")]),
    ("2026-03-29 02:00,0.1\n", [(1, "does not exist in Europe/Amsterdam")]),
    ("2026-03-01 00:00\n", [(1, "there is no price in column 2")]),
    ("2026-03-01 00:00,81210\n", [(1, "is it per MWh?")]),
    ("2026-03-01 00:00,1.2.3\n", [(1, "'1.2.3' is no price")]),
    ("2026-03-01 00:00,nan\n", [(1, "'nan' is no price")]),
    ("0001-01-01 00:00,1\n", [(1, "names no time or no price")]),
]


def _price(at: str, kwh: str) -> Price:
    return Price(int(datetime.fromisoformat(at).timestamp()), Decimal(kwh))


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_a_file_of_any_make_holds_the_same_prices(text: str) -> None:
    """Separators, headers, units, times and decimals are recognised; prices are exact."""
    assert read_prices(text, ZONE) == [_price(*one) for one in TWO]


@pytest.mark.parametrize(("text", "mistakes"), BAD, ids=[mistakes[0][1] for _, mistakes in BAD])
def test_a_bad_line_is_told_by_number_and_reason(text: str, mistakes: list[tuple[int, str]]) -> None:
    """Every bad line is told, not only the first."""
    with pytest.raises(PriceFileError) as caught:
        read_prices(text, ZONE)
    assert len(caught.value.mistakes) == len(mistakes)
    for (line, reason), (wanted_line, wanted) in zip(caught.value.mistakes, mistakes, strict=True):
        assert line == wanted_line
        assert wanted in reason


def test_only_the_first_twenty_bad_lines_are_told() -> None:
    """And how many there are."""
    with pytest.raises(PriceFileError) as caught:
        read_prices("\n".join(["from,price", *(["soon,1"] * 50)]), ZONE)
    assert (len(caught.value.mistakes), caught.value.count) == (20, 50)


@pytest.mark.parametrize("minutes", [60, 15])
def test_the_doubled_hour_comes_in_its_order(minutes: int) -> None:
    """On 25 October local times from 02:00 come twice; together they are 25 hours without a hole, in either order."""
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    moments = [start + timedelta(minutes=minutes * n) for n in range(25 * 60 // minutes)]
    lines = [f"{at.astimezone(ZONE):%Y-%m-%d %H:%M};0,{n:03}" for n, at in enumerate(moments, 1)]
    wanted = [Price(int(at.timestamp()), Decimal(n).scaleb(-3)) for n, at in enumerate(moments, 1)]
    assert read_prices("\n".join(lines), ZONE) == wanted
    assert read_prices("\n".join(lines[::-1]), ZONE) == wanted


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_file_breaks_anything(text: str) -> None:
    """Whatever it holds, there are prices or a list of mistakes."""
    with suppress(PriceFileError):
        assert read_prices(text, ZONE)


@given(st.binary(max_size=200))
def test_no_message_breaks_anything(payload: bytes) -> None:
    """Whatever it holds, there are prices or a ValueError."""
    with suppress(ValueError):
        prices_of(payload)


def test_a_message_holds_one_price_or_several() -> None:
    """Exact, in the order of time."""
    one = b'{"from": "2026-03-01T01:00+01:00", "price_kwh": -0.00012, "source": "x"}'
    assert prices_of(one) == [_price(*TWO[1])]
    two = b'[%b, {"from": "2026-02-28T23:00:00Z", "price_kwh": 0.08121}]' % one
    assert prices_of(two) == [_price(*each) for each in TWO]
    assert prices_of(b"") == prices_of(b"[]") == []


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"1", "a price is"),
        (b'{"from": "2026-03-01T01:00", "price_kwh": 1}', "with its offset"),
        (b'{"from": "2026-03-01T01:01Z", "price_kwh": 1}', "no quarter of an hour"),
        (b'{"from": "2026-03-01T01:00Z", "price_kwh": "1"}', "is no number"),
        (b'{"from": "2026-03-01T01:00Z", "price_kwh": true}', "is no number"),
        (b'{"from": "2026-03-01T01:00Z", "price_kwh": NaN}', "cannot be"),
        (b'{"from": "2026-03-01T01:00Z", "price_kwh": 1e9}', "cannot be"),
        (b'{"from": 5, "price_kwh": 1}', "with its offset"),
    ],
)
def test_a_message_that_makes_no_sense_says_why(payload: bytes, reason: str) -> None:
    """The reason is what the log tells."""
    with pytest.raises(ValueError, match=reason):
        prices_of(payload)


@pytest.fixture
async def prices(tmp_path: Path) -> AsyncIterator[Prices]:
    """Give prices that are kept in a real database."""
    async with Database(tmp_path / "api.sqlite", (money_prices.SCHEMA,)) as database:
        yield Prices(database, lambda: NOW)


async def test_prices_are_written_once(prices: Prices) -> None:
    """The same again changes nothing; a dry run writes nothing and says the same."""
    two = [_price(*one) for one in TWO]
    span = (datetime(2026, 2, 28, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC))
    assert await prices.put(two, dry_run=True) == Outcome(rows=2, new=2, changed=0)
    assert await prices.between(*span) == []
    assert await prices.put(two) == Outcome(rows=2, new=2, changed=0)
    assert await prices.put(two) == Outcome(rows=2, new=0, changed=0)
    assert await prices.put([two[0], Price(two[1].at, Decimal("0.5"))]) == Outcome(rows=2, new=0, changed=1)
    assert await prices.between(*span) == [two[0], Price(two[1].at, Decimal("0.5"))]


async def test_prices_of_hours_take_the_place_of_quarters(prices: Prices) -> None:
    """A file of hours leaves no quarter of an older one behind; one message of a quarter leaves the others."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    at = int(start.timestamp())
    await prices.put([Price(at + n * 900, Decimal(n)) for n in range(12)])
    await prices.put([Price(at, Decimal(50))])
    assert len(await prices.between(start, start + timedelta(hours=3))) == 12
    await prices.put([Price(at, Decimal(60)), Price(at + 3600, Decimal(61))])
    left = await prices.between(start, start + timedelta(hours=3))
    assert [price.kwh for price in left] == [60, 61, 8, 9, 10, 11]


async def test_only_prices_on_which_sums_rest_make_them_stale(prices: Prices) -> None:
    """Tomorrow's prices, and the same prices again, leave remembered sums as they are."""
    await prices.put([Price(int(NOW.timestamp()) // 3600 * 3600, Decimal(1))])
    assert prices.revision == 0
    old = [Price(int(datetime(2026, 3, 1, tzinfo=UTC).timestamp()), Decimal(1))]
    await prices.put(old)
    assert prices.revision == 1
    await prices.put(old)
    assert prices.revision == 1
