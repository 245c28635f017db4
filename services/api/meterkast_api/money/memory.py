"""Sums worth remembering, for a while."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

from meterkast_api.money.cost import Bill

KEPT_S = 600.0
DAY_KEPT_S = 6 * 3600.0
MOST = 20_000


@dataclass(frozen=True, slots=True)
class _Entry:
    values: Mapping[str, int]
    bill: Bill
    until: float


class Memory:
    """The last bills by key, each for a time, and only as long as the usage that it is of stays the same."""

    def __init__(self, clock: Callable[[], float], *, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[Hashable, _Entry] = OrderedDict()

    def get(self, key: Hashable, values: Mapping[str, int]) -> Bill | None:
        """The bill of this usage, None where it is not remembered."""
        entry = self._entries.get(key)
        if entry is None or entry.until < self._clock() or entry.values != values:
            return None
        self._entries.move_to_end(key)
        return entry.bill

    def put(self, key: Hashable, values: Mapping[str, int], bill: Bill, *, kept_s: float = KEPT_S) -> None:
        """Remember a bill; the one asked for longest ago is forgotten where there are too many."""
        self._entries[key] = _Entry(values, bill, self._clock() + kept_s)
        self._entries.move_to_end(key)
        if len(self._entries) > self._most:
            self._entries.popitem(last=False)

    def forget(self) -> None:
        """Forget all."""
        self._entries.clear()
