"""The market prices that have been handed in, kept exactly."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil

from meterkast_api.database import Database
from meterkast_api.money.market import HOUR_S, Market, Price

SCHEMA = "CREATE TABLE IF NOT EXISTS price (at INTEGER PRIMARY KEY, kwh TEXT NOT NULL) STRICT"
SETTLED = timedelta(days=2)
"""What is older than this may be summed up and remembered."""
_READ = "SELECT at, kwh FROM price WHERE at >= ? AND at < ? ORDER BY at"
_WRITE = "INSERT INTO price VALUES (?, ?) ON CONFLICT DO UPDATE SET kwh = excluded.kwh"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What handing in prices did, or would do."""

    rows: int
    new: int
    changed: int


class Prices:
    """Reads and writes prices; `revision` counts the changes to prices that sums may rest on."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self.revision = 0

    async def between(self, start: datetime, end: datetime) -> list[Price]:
        """Prices from the hour of `start` until before `end`, by time."""
        bounds = (int(start.timestamp()) // HOUR_S * HOUR_S, ceil(end.timestamp()))
        rows = await self._database.run(lambda c: c.execute(_READ, bounds).fetchall())
        return [Price(at, Decimal(kwh)) for at, kwh in rows]

    async def market(self, start: datetime, end: datetime) -> Market:
        """The prices of a time, to look up."""
        return Market(await self.between(start, end + timedelta(seconds=HOUR_S)))

    async def put(self, prices: Sequence[Price], *, dry_run: bool = False) -> Outcome:
        """Write prices in place of those of the same times; the same again changes nothing.

        Hours that get one price for the whole hour lose what they had per quarter.
        """
        outcome, earliest = await self._database.run(lambda c: _put(c, prices, dry_run=dry_run))
        if not dry_run and earliest is not None and earliest < (self._now() - SETTLED).timestamp():
            self.revision += 1
        return outcome


def _put(connection: sqlite3.Connection, prices: Sequence[Price], *, dry_run: bool) -> tuple[Outcome, int | None]:
    first, last = min(p.at for p in prices), max(p.at for p in prices)
    known = dict(connection.execute(_READ, (first, last + HOUR_S)).fetchall())
    new = [p for p in prices if p.at not in known]
    changed = [p for p in prices if p.at in known and Decimal(known[p.at]) != p.kwh]
    given = {p.at for p in prices}
    hourly = len(given) > 1 and all(at % HOUR_S == 0 for at in given)
    stale = [at for at in known if hourly and at % HOUR_S and at // HOUR_S * HOUR_S in given]
    if not dry_run:
        connection.executemany(_WRITE, [(p.at, format(p.kwh, "f")) for p in (*new, *changed)])
        connection.executemany("DELETE FROM price WHERE at = ?", [(at,) for at in stale])
    touched = [*(p.at for p in (*new, *changed)), *stale]
    return Outcome(len(prices), len(new), len(changed)), min(touched, default=None)
