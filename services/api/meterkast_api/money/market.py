"""Market prices of a time, per hour or quarter."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

HOUR_S = 3600
QUARTER_S = 900
MEAN_DIGITS = Decimal("1E-10")


@dataclass(frozen=True, slots=True)
class Price:
    """The price per kWh from a moment on, in Unix seconds: of the hour, or of a quarter where the hour has several."""

    at: int
    kwh: Decimal


class Market:
    """Looks prices up."""

    def __init__(self, prices: Iterable[Price] = ()) -> None:
        self._hours: dict[int, dict[int, Decimal]] = {}
        for price in prices:
            self._hours.setdefault(price.at // HOUR_S, {})[price.at % HOUR_S] = price.kwh

    def quarterly(self, start: datetime, end: datetime) -> bool:
        """Whether some hour of a time has prices per quarter."""
        hours = range(int(start.timestamp()) // HOUR_S, -(-int(end.timestamp()) // HOUR_S))
        return any(_per_quarter(self._hours.get(hour, {})) for hour in hours)

    def mean(self, start: datetime, end: datetime) -> Decimal | None:
        """The price of a time; the mean by time, to ten decimals, where it has several; None where one is unknown."""
        at, until = int(start.timestamp()), int(end.timestamp())
        weighted: dict[Decimal, int] = {}
        while at < until:
            prices = self._hours.get(at // HOUR_S, {})
            step = QUARTER_S if _per_quarter(prices) else HOUR_S
            price = prices.get(at % HOUR_S // step * step)
            if price is None:
                return None
            following = min(until, at // step * step + step)
            weighted[price] = weighted.get(price, 0) + following - at
            at = following
        if len(weighted) <= 1:
            return next(iter(weighted), None)
        total = sum((price * seconds for price, seconds in weighted.items()), Decimal(0))
        return (total / sum(weighted.values())).quantize(MEAN_DIGITS)


def _per_quarter(prices: dict[int, Decimal]) -> bool:
    return len(prices) > 1 or (bool(prices) and 0 not in prices)
