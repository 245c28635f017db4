"""Market prices that arrive on MQTT."""

import json
import sqlite3
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterkast_runtime.log import get_logger

from meterkast_api.intake import IGNORED, RECEIVED, NonsenseError
from meterkast_api.money.market import QUARTER_S, Price
from meterkast_api.money.price_csv import exact_price
from meterkast_api.money.prices import Prices

KIND = "prices"
MOST = 10_000
_LOG = get_logger("meterkast_api")


class PriceTopic:
    """Takes the messages of one topic: `{"from", "price_kwh"}` or a list of these; a bad message has no effect."""

    def __init__(self, topic: str | None, prices: Prices) -> None:
        self._topic = topic
        self._prices = prices
        self._told = False

    def subscriptions(self) -> tuple[str, ...]:
        """The topic to listen to, where one is set."""
        return (self._topic,) if self._topic else ()

    def of(self, topic: str) -> bool:
        """Whether a message is ours."""
        return topic == self._topic

    async def take(self, payload: bytes) -> None:
        """Write the prices of a message; written again they change nothing."""
        try:
            prices = prices_of(payload)
            if prices:
                await self._prices.put(prices)
        except (ValueError, ArithmeticError) as error:
            IGNORED.labels(KIND).inc()
            if not self._told:
                self._told = True
                _LOG.warning("a message makes no sense and is ignored", topic=self._topic, reason=str(error))
        except sqlite3.Error as error:
            _LOG.error("prices could not be kept", topic=self._topic, error=str(error))
        else:
            RECEIVED.labels(KIND).inc()


def prices_of(payload: bytes) -> list[Price]:
    """The prices of a message; raises ValueError where one of them makes no sense. An empty message has none."""
    if not payload.strip():
        return []
    wire = json.loads(payload, parse_float=Decimal, parse_constant=Decimal)
    items = wire if isinstance(wire, list) else [wire]
    if len(items) > MOST:
        raise NonsenseError(f"{len(items)} prices in one message, {MOST} are allowed")
    found = {price.at: price for price in map(_price, items)}
    return [found[at] for at in sorted(found)]


def _price(item: Any) -> Price:
    if not isinstance(item, dict) or not {"from", "price_kwh"} <= item.keys():
        raise NonsenseError(f'a price is {{"from": "2026-03-29T14:00Z", "price_kwh": 0.0812}}, not {str(item)[:80]}')
    text, number = item["from"], item["price_kwh"]
    at = datetime.fromisoformat(text) if isinstance(text, str) else None
    if at is None or at.tzinfo is None or at.timestamp() % QUARTER_S:
        raise NonsenseError(f"from, {str(text)[:40]!r}, is no quarter of an hour with its offset")
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise NonsenseError(f"price_kwh, {str(number)[:40]!r}, is no number")
    return Price(int(at.timestamp()), exact_price(Decimal(number)))
