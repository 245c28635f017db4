"""All that has to do with money, put together."""

import time
from collections.abc import Callable
from datetime import datetime

from meterkast_api.database import Database
from meterkast_api.history import HistoryReader, UsageReader
from meterkast_api.kept import Kept
from meterkast_api.money.contracts import Contracts
from meterkast_api.money.ledger import Ledger
from meterkast_api.money.memory import Memory
from meterkast_api.money.prices import Prices


class Money:
    """Contracts, market prices, and the ledger over both."""

    def __init__(self, database: Database, store: HistoryReader, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self.contracts = Kept(database, "contracts", Contracts())
        self.prices = Prices(database, now)
        self.ledger = Ledger(store, self.contracts, self.prices, Memory(time.monotonic), now=now)

    def over(self, view: UsageReader) -> Ledger:
        """A ledger over another view of history, which remembers nothing."""
        return Ledger(view, self.contracts, self.prices, Memory(time.monotonic, most=0), now=self._now)

    async def load(self) -> None:
        """Read the contracts that were set before."""
        await self.contracts.load()
