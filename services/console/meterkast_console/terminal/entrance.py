"""How a guest comes in: a place, a password where one is needed, and then the program."""

import asyncio
import textwrap

from meterkast_runtime.log import get_logger

from meterkast_console.errors import ApiError, ApiRefusedError
from meterkast_console.rest import Api
from meterkast_console.terminal import keys
from meterkast_console.terminal.guests import Guest
from meterkast_console.terminal.keyboard import Keyboard
from meterkast_console.terminal.session import Desk, Session
from meterkast_console.terminal.wire import Wire

ATTEMPTS = 3
LOGIN_S = 60.0
LOG_OUT_S = 1.0
WATCH_S = 20.0
MOST_TYPED = 1024
_LOG = get_logger("meterkast_console")


class Entrance:
    """Lets guests in, one program each; `ask` is whether they have to log in first."""

    def __init__(self, desk: Desk, api: Api, *, ask: bool, watch_s: float = WATCH_S) -> None:
        self._watch_s = watch_s
        self._desk = desk
        self._api = api
        self._ask = ask

    async def serve(self, wire: Wire, guest: Guest) -> None:
        """Serve one terminal to its end."""
        async with Keyboard(wire, wire.can.changed) as keyboard:
            api = await self._admitted(wire, keyboard) if self._ask else self._api
            if api is not None and not keyboard.request:
                await self.program(wire, guest, api, keyboard)
            if keyboard.request:
                _LOG.warning("an HTTP request came to the terminal and was refused", client=wire.address)
                wire.write("This is a terminal, not a web server.\r\n")

    async def admitted(self, wire: Wire, guest: Guest, api: Api) -> None:
        """Serve one terminal of somebody who has come in already, and whose the API is."""
        async with Keyboard(wire, wire.can.changed) as keyboard:
            await self.program(wire, guest, api, keyboard)

    async def program(self, wire: Wire, guest: Guest, api: Api, keyboard: Keyboard) -> None:
        """Run the program for whoever the API is asked as; a login ends with it."""
        session = Session(wire, self._desk, guest, api)
        watching = asyncio.create_task(_watch(session, api, self._watch_s)) if api is not self._api else None
        try:
            await session.run(keyboard)
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            if session.api is not self._api:
                await _log_out(session.api)

    async def _admitted(self, wire: Wire, keyboard: Keyboard) -> Api | None:
        """The API as whoever has logged in; None where nobody has."""
        try:
            async with asyncio.timeout(LOGIN_S):
                wire.write("Meterkast\r\n")
                for _ in range(ATTEMPTS):
                    if await _ask_line(wire, keyboard, "user (any): ") is None:
                        return None
                    password = await _ask_line(wire, keyboard, "password: ", hidden=True)
                    if password is None:
                        return None
                    try:
                        return await self._api.log_in(password, client=wire.address)
                    except ApiRefusedError as error:
                        _say(wire, error.said)
                    except ApiError as error:
                        _say(wire, error.said)
                        return None
        except TimeoutError:
            wire.write("\r\nNobody has logged in.\r\n")
        return None


async def _watch(session: Session, api: Api, every_s: float) -> None:
    """End a terminal whose login the API knows no longer, e.g. since the password was changed."""
    while True:
        await asyncio.sleep(every_s)
        try:
            who = await api.json("/api/v1/session")
        except ApiError:
            continue  # an API that is away says nothing about logins
        if "name" not in who:
            session.end("The login has ended: come in again.")
            return


def _say(wire: Wire, sentence: str) -> None:
    """Say a sentence in lines that fit."""
    text = wire.can.charset.fit(sentence)
    wire.write("".join(f"{one}\r\n" for one in textwrap.wrap(text, wire.can.size.columns - 1)))


async def _log_out(api: Api) -> None:
    try:
        async with asyncio.timeout(LOG_OUT_S):
            await api.log_out()
    except (ApiError, TimeoutError) as error:
        _LOG.info("a login could not be ended and lasts 30 days", reason=str(error))


async def _ask_line(wire: Wire, keyboard: Keyboard, question: str, *, hidden: bool = False) -> str | None:
    """A typed line; None where the guest has gone or given up."""
    wire.write(question)
    typed = ""
    while (pressed := await keyboard.next()) is not None and pressed.key != keys.LEAVE:
        key = pressed.key
        if key == keys.ENTER:
            wire.write("\r\n")
            return typed
        if key in (keys.BACKSPACE, keys.ERASE):
            gone = len(typed) if key == keys.ERASE else min(len(typed), 1)
            typed = typed[: len(typed) - gone]
            wire.write("" if hidden else "\b \b" * gone)
        elif len(key) == 1 and len(typed) < MOST_TYPED:
            typed += key
            wire.write("" if hidden or not key.isascii() else key)
    return None
