"""The program at one terminal: keys in, screens out."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from meterkast_console.errors import ApiError
from meterkast_console.rest import Api
from meterkast_console.terminal import keys
from meterkast_console.terminal.feed import Feed, Watcher
from meterkast_console.terminal.guests import Guest, Guests
from meterkast_console.terminal.house import Gateway, Note
from meterkast_console.terminal.keyboard import Keyboard, Pressed
from meterkast_console.terminal.ordering import Ordering
from meterkast_console.terminal.orders import ORDERS
from meterkast_console.terminal.pages.board import board
from meterkast_console.terminal.pages.files import look_into
from meterkast_console.terminal.pages.log import log
from meterkast_console.terminal.pages.menu import menu
from meterkast_console.terminal.pages.page import Page
from meterkast_console.terminal.pages.tables import TABLES, UsageTable
from meterkast_console.terminal.pages.telegrams import Telegrams
from meterkast_console.terminal.pages.values import values
from meterkast_console.terminal.pages.who import Who
from meterkast_console.terminal.screen import BlockScreen, Screen, ScrollScreen
from meterkast_console.terminal.view import View
from meterkast_console.terminal.wire import Wire

TICK_S = 1.0
WITHIN_S = 10.0
NOTICE_S = 8.0
STUCK_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What all terminals share."""

    feed: Feed
    guests: Guests
    idle_s: float
    data_dir: Path
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Session:
    """One terminal from its first screen to its last word."""

    def __init__(self, wire: Wire, desk: Desk, guest: Guest, api: Api) -> None:
        self._wire = wire
        self._desk = desk
        self._guest = guest
        self._wake = wire.can.changed
        self._screen: Screen = BlockScreen(wire) if wire.can.block else ScrollScreen(wire)
        self._ordering = Ordering(api, wire.address, self._note)
        self._gateway: str | None = None
        self._page: Page | None = None
        self._top = 0
        self._table = 0
        self._raw: asyncio.Task[None] | None = None
        self._told = ("", 0.0)
        self._taken = time.monotonic()
        self._last_words: str | None = None
        self._keys: dict[str, Callable[[], Awaitable[None]]] = {
            "B": lambda: self._open(Page("Board and versions", board)),
            "D": self._open_table,
            "G": self._next_gateway,
            "H": lambda: self._open(Page("Keys", menu)),
            "?": lambda: self._open(Page("Keys", menu)),
            "L": lambda: self._open(Page("Log", log)),
            "N": self._open_telegrams,
            "Q": self._quit,
            "S": self._open_files,
            "V": lambda: self._open(Page("Every value", values)),
            "W": lambda: self._open(Page("Connected", Who(desk.guests, guest))),
        }

    @property
    def api(self) -> Api:
        """The API as whoever has logged in last."""
        return self._ordering.api

    def end(self, words: str) -> None:
        """End it with a sentence."""
        self._last_words = words
        self._wake.set()

    async def run(self, keyboard: Keyboard) -> None:
        """Serve until the guest quits, goes, or does nothing for too long."""
        async with self._desk.feed.watched(self._wake) as watcher:
            self._screen.open()
            try:
                while self._last_words is None and not keyboard.ended:
                    self._show(watcher)
                    await self._wait()
                    await self._take_keys(keyboard)
                    self._check_idle()
            finally:
                await self._stop_telegrams()
                self._screen.close("" if keyboard.request else self._last_words or "Meterkast stops.")

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(TICK_S):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _take_keys(self, keyboard: Keyboard) -> None:
        while self._last_words is None and (pressed := keyboard.take()) is not None:
            self._desk.guests.moved(self._guest)
            asked = self._ordering.asks
            await self._press(pressed)
            if self._ordering.asks and not asked:
                keyboard.forget()

    async def _press(self, pressed: Pressed) -> None:
        key = pressed.key.upper() if len(pressed.key) == 1 else pressed.key
        if self._ordering.asks:
            await self._ordering.press(pressed.key, alone=pressed.alone)
            return
        self._ordering.notice = ""
        if key == keys.LEAVE:
            await self._quit()
        elif (key == keys.ENTER and pressed.trailing) or (self._page is not None and self._scroll(key)):
            return
        elif order := ORDERS.get(key):
            await self._ordering.begin(order, self._name())
        elif key in self._keys:
            await self._keys[key]()
        elif self._page is not None:
            await self._close()
        else:
            await self._keys["H"]()

    def _scroll(self, key: str) -> bool:
        """Whether the key only moves about the page."""
        whole = max(self._wire.can.size.rows - 4, 1)
        before = self._top
        moves = {keys.UP: -1, keys.DOWN: 1, keys.PAGE_UP: -whole, keys.PAGE_DOWN: whole, " ": whole}
        if key not in moves or not self._wire.can.block:
            return False
        self._top = max(before + moves[key], 0)
        self._show_top()
        return key != " " or self._top != before

    def _show_top(self) -> None:
        self._top = self._screen.show(self._view(), self._page, self._top)

    async def _open(self, page: Page) -> None:
        await self._stop_telegrams()
        if page.title != "Hours" and not isinstance(page.lines, UsageTable):
            self._table = 0
        self._page, self._top = page, 0

    async def _close(self) -> None:
        await self._stop_telegrams()
        self._page, self._top, self._table = None, 0, 0

    async def _open_table(self) -> None:
        table = TABLES[self._table % len(TABLES)]
        usage = await self._asked(f"/api/v1/meters/{self._name()}/usage", table.query)
        if usage is not None:
            self._table += 1
            following = TABLES[self._table % len(TABLES)].title.lower()
            await self._open(Page(f"{table.title}  (D: {following})", UsageTable(usage)))

    async def _asked(self, path: str, query: Mapping[str, str]) -> dict[str, object] | None:
        """What the API answers, or None where it does not: then the notice says why."""
        try:
            async with asyncio.timeout(WITHIN_S):
                answer: dict[str, object] = await self._ordering.api.json(path, query)
                return answer
        except ApiError as error:
            self._ordering.notice = error.said
        except TimeoutError:
            self._ordering.notice = f"The API has not answered in {WITHIN_S:g} s."
        return None

    async def _open_telegrams(self) -> None:
        telegrams = Telegrams()
        await self._open(Page("Raw telegrams", telegrams, tail=True))
        self._raw = asyncio.create_task(self._run_past(telegrams, self._name()))

    async def _run_past(self, telegrams: Telegrams, gateway: str) -> None:
        try:
            async for event in self._ordering.api.events({"gateway": gateway, "telegrams": True}):
                if event.kind == "telegram":
                    telegrams.take(event.data["telegram"])
                    self._wake.set()
        except ApiError as error:
            self._ordering.notice = error.said

    async def _stop_telegrams(self) -> None:
        if self._raw is not None:
            self._raw.cancel()
            await asyncio.gather(self._raw, return_exceptions=True)
            self._raw = None

    async def _open_files(self) -> None:
        try:
            folder = await asyncio.to_thread(look_into, self._desk.data_dir)
        except OSError as error:
            self._ordering.notice = f"The folder {self._desk.data_dir} cannot be looked into: {error.strerror}"
        else:
            await self._open(Page("Files and space", folder))

    async def _next_gateway(self) -> None:
        names = self._desk.feed.house.names()
        if names:
            at = names.index(self._name()) if self._name() in names else -1
            self._gateway = names[(at + 1) % len(names)]
            self._ordering.notice = "" if len(names) > 1 else f"{self._gateway} is the only gateway."
        await self._close()

    def _note(self, gateway: str, text: str) -> None:
        self._desk.feed.house.notes.append(Note(self._desk.now(), gateway, text))

    async def _quit(self) -> None:
        self._last_words = "Goodbye."

    def _name(self) -> str:
        names = self._desk.feed.house.names()
        return self._gateway or (names[0] if names else "")

    def _view(self) -> View:
        house, name, can = self._desk.feed.house, self._name(), self._wire.can
        gateway = house.gateways.get(name) or Gateway(name)
        return View(
            house=house,
            gateway=gateway,
            now=self._desk.now(),
            size=can.size,
            charset=can.charset,
            notice=self._notice(),
        )

    def _notice(self) -> str:
        """The notice, for as long as it is news; a question stands until it is answered."""
        notice, now = self._ordering.notice, time.monotonic()
        if notice != self._told[0]:
            self._told = (notice, now)
        if not self._ordering.asks and now - self._told[1] > NOTICE_S:
            self._ordering.notice = ""
        return self._ordering.notice

    def _show(self, watcher: Watcher) -> None:
        if name := self._name():
            self._desk.feed.look(watcher, name)
        self._show_top()

    def _check_idle(self) -> None:
        now = time.monotonic()
        if self._wire.backlog == 0:
            self._taken = now
        if self._desk.guests.idle_s(self._guest) > self._desk.idle_s:
            minutes = f"{self._desk.idle_s / 60:g}"
            self._last_words = f"No key was pressed for {minutes} minutes; goodbye."
        elif now - self._taken > STUCK_S:
            self._last_words = "Nothing was taken for too long; goodbye."
