"""Orders to a gateway: asked about, sent, and their answer told."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from meterkast_console.errors import ApiAwayError, ApiError, ApiRefusedError
from meterkast_console.rest import Api
from meterkast_console.terminal.keys import BACKSPACE, ENTER, ERASE, ESCAPE, LEAVE
from meterkast_console.terminal.orders import Order

WITHIN_S = 10.0
LOGIN_HELPS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
MOST_TYPED = 1024


class Ordering:
    """One terminal's order under way: a question that waits for `y`, or for the password where the API wants it."""

    def __init__(self, api: Api, address: str, sent: Callable[[str, str], None]) -> None:
        self.api = api
        self._sent = sent
        self.notice = ""
        self._address = address
        self._gateway = ""
        self._asked: Order | None = None
        self._typed: str | None = None
        self._sending: Order | None = None

    @property
    def asks(self) -> bool:
        """Whether the next key is an answer."""
        return self._asked is not None or self._typed is not None

    async def begin(self, order: Order, gateway: str) -> None:
        """Ask about an order, or send it where nothing is to be asked."""
        self._gateway = gateway
        if order.question:
            self._asked = order
            self.notice = order.question.format(gateway=gateway)
        else:
            await self._send(order)

    async def press(self, key: str, *, alone: bool) -> None:
        """Take an answer: a `y` that came alone sends, anything else does not; or a key of the password."""
        if self._typed is not None:
            await self._type(key)
        elif self._asked is not None and key != ENTER:
            order, self._asked = self._asked, None
            if alone and key in ("y", "Y"):
                await self._send(order)
            else:
                self.notice = f"{order.command} is not sent."

    async def _type(self, key: str) -> None:
        typed = self._typed or ""
        if key in (ESCAPE, LEAVE):
            self._typed, self.notice = None, "Nothing is sent."
        elif key == ENTER:
            self._typed = None
            await self._log_in(typed)
        elif key == ERASE:
            self._typed = ""
        elif key == BACKSPACE:
            self._typed = typed[:-1]
        elif len(key) == 1:
            self._typed = (typed + key)[:MOST_TYPED]

    async def _log_in(self, password: str) -> None:
        order = self._sending
        try:
            self.api = await self.api.log_in(password, client=self._address)
        except ApiError as error:
            self._sending, self.notice = None, error.said
            return
        if order is not None:
            await self._send(order)

    async def _send(self, order: Order) -> None:
        try:
            async with asyncio.timeout(WITHIN_S):
                await self.api.order(self._gateway, order.command)
        except ApiRefusedError as error:
            if error.status in LOGIN_HELPS and self._sending is not order:
                self._sending, self._typed = order, ""
                self.notice = "This needs the password, which is not shown; Enter sends it, Esc gives up:"
            else:
                self.notice = f"{order.command} is not sent. {error.said}"
        except ApiAwayError as error:
            self.notice = f"{order.command} may not have been sent. {error.said}"
        except TimeoutError:
            self.notice = f"{order.command}: the API has not answered in {WITHIN_S:g} s."
        else:
            self._sending = None
            self._sent(self._gateway, f"{order.command} was sent from {self._address}.")
            self.notice = f"{order.command} is sent to {self._gateway}: the broker has it."
