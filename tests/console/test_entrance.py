"""Coming in, on a wire that a test holds in its hands."""

import asyncio
from pathlib import Path

from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.terminal.entrance import Entrance
from meterkast_console.terminal.feed import Feed
from meterkast_console.terminal.guests import Guests
from meterkast_console.terminal.house import House
from meterkast_console.terminal.session import Desk
from meterkast_console.terminal.wire import Capabilities
from meterkast_store import StoreUnavailableError

from tests.api.houses import ScriptedStore, house
from tests.brokers import Broker

PASSWORD = "correct horse"
CODE = "k7qd-m2xp-9wht"


class PaperWire:
    """A terminal of paper."""

    kind = "paper"
    address = "192.0.2.7"

    def __init__(self, *typed: str) -> None:
        self.can = Capabilities()
        self.printed = ""
        self.backlog = 0
        self._typed = list(typed)

    async def read(self) -> str:
        if self._typed:
            return self._typed.pop(0)
        await asyncio.get_running_loop().create_future()
        return ""

    def write(self, text: str) -> None:
        self.printed += text

    def close(self) -> None:
        self.printed += "<closed>"

    async def until(self, words: str) -> None:
        async with asyncio.timeout(10):
            while words not in self.printed:  # noqa: ASYNC110 - a double that has no events
                await asyncio.sleep(0.01)


def _desk(api: Api, directory: Path) -> Desk:
    return Desk(feed=Feed(api, House()), guests=Guests(5), idle_s=60, data_dir=directory)


async def test_a_login_that_ends_ends_the_terminal(nats: Broker, tmp_path: Path) -> None:
    """When the password is changed elsewhere, whoever is in with the old one is shown out."""
    async with house(nats, setup_code=CODE) as home, Pool(str(home.client.base_url)) as pool:
        await home.send_reading()
        await home.client.post("/api/v1/password", json={"password": PASSWORD, "setup_code": CODE})
        api = Api(pool, Pass())
        desk = _desk(api, tmp_path)
        wire = PaperWire("me\r", f"{PASSWORD}\r")
        with desk.guests.welcome("paper", wire.address) as guest:
            serving = asyncio.create_task(Entrance(desk, api, ask=True, watch_s=0.05).serve(wire, guest))
            await wire.until("import 424 W")
            changed = await home.client.post("/api/v1/password", json={"password": "another one", "current": PASSWORD})
            assert changed.status_code == 204
            await wire.until("The login has ended: come in again.")
            await serving


async def test_a_history_that_cannot_be_read_is_said(nats: Broker, tmp_path: Path) -> None:
    """Readings go on, and the reason why there are no totals stands above them."""
    store = ScriptedStore(trouble=StoreUnavailableError("read", "history.sqlite", "the disk is full", hint="make room"))
    async with house(nats, store) as home, Pool(str(home.client.base_url)) as pool:
        api = Api(pool, Pass())
        desk = _desk(api, tmp_path)
        wire = PaperWire()
        with desk.guests.welcome("paper", wire.address) as guest:
            serving = asyncio.create_task(Entrance(desk, api, ask=False).serve(wire, guest))
            await home.send_reading()
            await wire.until("* History cannot be read now: the disk is full.")
            await home.send_reading(power=7)
            await wire.until("import 7 W")
            desk.guests.moved(guest)
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
        assert wire.printed.endswith("Meterkast stops.\r\n")
