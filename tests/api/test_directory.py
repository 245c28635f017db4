"""Which gateways there are, without asking history for each request."""

import asyncio
from dataclasses import dataclass, field

import pytest
from meterkast_api.directory import FRESH_S, Directory
from meterkast_api.gateways import Gateways
from meterkast_api.problems import ProblemError
from meterkast_store.errors import StoreUnavailableError
from meterkast_store.history import MeterInfo

from tests.api.houses import NOON, ScriptedStore


def known(*names: str) -> list[MeterInfo]:
    return [MeterInfo(name, "E1", "electricity", NOON, NOON, ()) for name in names]


@dataclass
class SlowStore(ScriptedStore):
    """A history that answers when the test says so."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def meters(self, gateway: str | None = None) -> list[MeterInfo]:
        self._ask("meters", gateway)
        await self.gate.wait()
        return list(self.infos)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_many_who_ask_at_once_are_one_question() -> None:
    """A hundred requests after a start do not ask history a hundred times."""
    store = SlowStore(infos=known("home"))
    directory = Directory(Gateways(), store)
    asking = [asyncio.create_task(directory.remembered()) for _ in range(100)]
    await asyncio.sleep(0)
    store.gate.set()
    assert set(await asyncio.gather(*asking)) == {frozenset({"home"})}
    assert store.asked == [("meters", None)]


async def test_a_list_does_not_wait_for_history_that_it_has_heard_of_before() -> None:
    """Old names are good enough for a list while the new ones are fetched."""
    store, clock = SlowStore(infos=known("home")), Clock()
    store.gate.set()
    directory = Directory(Gateways(), store, clock=clock)
    await directory.remembered()
    store.infos, clock.now = known("home", "shed"), FRESH_S + 1
    store.gate.clear()
    assert await directory.remembered() == {"home"}
    store.gate.set()
    await directory.check("shed")
    assert await directory.remembered() == {"home", "shed"}
    assert len(store.asked) == 2


async def test_an_unknown_name_is_looked_up_again_when_the_names_are_old() -> None:
    """A gateway that history has got meanwhile is found, one that it has not is a 404."""
    store, clock = ScriptedStore(), Clock()
    directory = Directory(Gateways(), store, clock=clock)
    with pytest.raises(ProblemError):
        await directory.check("shed")
    store.infos = known("shed")
    clock.now = FRESH_S + 1
    await directory.check("shed")


async def test_history_that_is_away_is_an_error_only_where_it_is_needed() -> None:
    """A name that was heard of needs no history; another cannot be answered without."""
    store, clock = ScriptedStore(infos=known("home")), Clock()
    directory = Directory(Gateways(), store, clock=clock)
    await directory.check("home")
    store.trouble = StoreUnavailableError("read", "it", "away", hint="wait")
    clock.now = FRESH_S + 1
    await directory.check("home")
    assert await directory.remembered() == {"home"}
    with pytest.raises(StoreUnavailableError):
        await directory.check("shed")
