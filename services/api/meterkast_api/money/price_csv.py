"""Market prices out of a CSV file, whatever separators, headers, units and ways of writing times it has."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from meterkast_api.money.market import QUARTER_S, Price

FIRST_TOLD = 20
MOST_DIGITS = 10
_TIME_WORDS = frozenset(
    ("from", "van", "start", "begin", "time", "tijd", "tijdstip", "datum", "date", "datetime", "timestamp", "mtu")
)
_PRICE_WORDS = frozenset(("price", "prijs", "prijzen", "tarief", "tariff", "marktprijs"))
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)?|\d{1,3}(\.\d{3})+,\d+|\d{1,3}(,\d{3})+\.\d+)")
_DAY_FIRST = re.compile(r"(\d\d?)[-./](\d\d?)[-./](\d{4})(.*)")
_RANGE = re.compile(r"\s+-\s+|/(?=\d{4}-)")


class PriceFileError(ValueError):
    """A file holds no prices, or bad ones: line number and reason of the first of them, and how many there are."""

    def __init__(self, mistakes: Sequence[tuple[int, str]]) -> None:
        self.mistakes = mistakes[:FIRST_TOLD]
        self.count = len(mistakes)
        line, reason = mistakes[0]
        rest = f" (and {self.count - 1} more lines)" if self.count > 1 else ""
        super().__init__(f"line {line}: {reason}{rest}")


@dataclass(frozen=True, slots=True)
class _Columns:
    time: int
    price: int
    per_mwh: bool = False


@dataclass(slots=True)
class _Clock:
    """Reads times; a wall time of the doubled hour that comes again is its second."""

    zone: ZoneInfo
    seen: set[datetime] = field(default_factory=set)

    def read(self, text: str) -> datetime:
        """Return the moment in UTC; raises ValueError with a sentence."""
        found = _moment(text)
        if found.tzinfo is None:
            found = self._local(found, text)
        moment = found.astimezone(UTC)
        if moment.timestamp() % QUARTER_S:
            raise ValueError(f"{text!r} is no quarter of an hour: prices begin at :00, :15, :30 or :45")
        if moment in self.seen:
            raise ValueError(f"{text!r} comes twice")
        self.seen.add(moment)
        return moment

    def _local(self, wall: datetime, text: str) -> datetime:
        here = wall.replace(tzinfo=self.zone)
        if here.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != wall:
            raise ValueError(f"{text!r} does not exist in {self.zone.key}: the clock is set forward over it")
        return here.replace(fold=1) if here.astimezone(UTC) in self.seen else here


def read_prices(text: str, zone: ZoneInfo) -> list[Price]:
    """Return the prices by time, local in `zone` where it has no offset; raises PriceFileError where a line is bad."""
    rows = [(number, row) for number, row in _rows(text) if any(cell.strip() for cell in row)]
    if not rows:
        raise PriceFileError([(1, "the file is empty")])
    columns, rows = _columns(rows)
    prices, mistakes = [], []
    for number, row, at in _timed(rows, columns, _Clock(zone)):
        try:
            if isinstance(at, ValueError):
                raise at
            prices.append(Price(int(at.timestamp()), _price(row, columns)))
        except ValueError as error:
            mistakes.append((number, str(error)))
    if not prices and not mistakes:
        mistakes = [(rows[0][0] if rows else 1, "there is no line below the header")]
    if mistakes:
        raise PriceFileError(sorted(mistakes))
    return sorted(prices, key=lambda price: price.at)


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    first = text.lstrip().partition("\n")[0]
    separator = next((one for one in ("\t", ";") if one in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise PriceFileError([(reader.line_num, f"this is no CSV: {error}")]) from error


Numbered = list[tuple[int, list[str]]]


def _columns(rows: Numbered) -> tuple[_Columns, Numbered]:
    number, first = rows[0]
    try:
        _moment(first[0])
    except ValueError:
        pass
    else:
        return _Columns(0, 1), rows
    times = [index for index, name in enumerate(first) if _words(name) & _TIME_WORDS]
    prices = [index for index, name in enumerate(first) if _words(name) & _PRICE_WORDS or _per(name)]
    if not times or not prices:
        reason = (
            f"the header {', '.join(first)} names no time or no price: call the columns from and price_kwh "
            "(or a price with /MWh in its name), or leave the header out"
        )
        raise PriceFileError([(number, reason)])
    price = next((index for index in prices if index not in times), prices[0])
    return _Columns(times[0], price, _per(first[price]) == "mwh"), rows[1:]


def _words(name: str) -> set[str]:
    lower = name.strip().lower()
    return {lower, *re.split(r"[^a-z]+", lower)}


def _per(name: str) -> str | None:
    match = re.search(r"/\s*([km]wh)\b", name.lower())
    return match[1] if match else None


def _timed(rows: Numbered, columns: _Columns, clock: _Clock) -> Iterator[tuple[int, list[str], datetime | ValueError]]:
    """Each row with its time, read from the oldest to the newest, so that the doubled hour is told apart."""
    for number, row in reversed(rows) if _descending(rows, columns) else rows:
        try:
            yield number, row, clock.read(_cell(row, columns.time, "time"))
        except ValueError as error:
            yield number, row, error


def _descending(rows: Numbered, columns: _Columns) -> bool:
    try:
        first, last = (_moment(_cell(rows[index][1], columns.time, "time")) for index in (0, -1))
        return first.replace(tzinfo=None) > last.replace(tzinfo=None)
    except (ValueError, IndexError):
        return False


def _cell(row: list[str], index: int, what: str) -> str:
    text = row[index].strip() if index < len(row) else ""
    if not text:
        raise ValueError(f"there is no {what} in column {index + 1}")
    return text


def _moment(text: str) -> datetime:
    start = _RANGE.split(text.strip())[0]
    if match := _DAY_FIRST.fullmatch(start):
        day, month, year, rest = match.groups()
        start = f"{year}-{int(month):02}-{int(day):02}{rest}"
    try:
        found = datetime.fromisoformat(start)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write 2026-03-29T14:00+02:00, or 2026-03-29 14:00 for the home's time"
        ) from None
    if not date(1970, 1, 2) <= found.date() < date(2200, 1, 1):
        raise ValueError(f"{text!r} is not a time from 1970 to 2200")
    return found


def _price(row: list[str], columns: _Columns) -> Decimal:
    text = _cell(row, columns.price, "price").lstrip("€").strip()
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is no price: write 0.2812 or 0,2812")
    mark = max(text.rfind("."), text.rfind(","))
    whole, decimals = (text[:mark], text[mark + 1 :]) if mark >= 0 else (text, "")
    price = Decimal(f"{whole.replace('.', '').replace(',', '')}.{decimals or 0}")
    return exact_price(price.scaleb(-3) if columns.per_mwh else price)


def exact_price(price: Decimal) -> Decimal:
    """The price as it is kept; raises ValueError where it cannot be one."""
    if not price.is_finite() or abs(price) >= 1000:  # noqa: PLR2004 - a thousand euro for a kWh is none
        raise ValueError(f"{price} per kWh cannot be: is it per MWh? Then say so in the header, such as EUR/MWh")
    lean = price.normalize()
    exponent = lean.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MOST_DIGITS:
        raise ValueError(f"{price} has more than {MOST_DIGITS} decimals")
    return Decimal(format(lean, "f"))
