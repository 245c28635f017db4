"""Whether somebody knows the password: the API's, which counts the attempts."""

from collections.abc import Callable, Coroutine
from typing import Any

from meterkast_console.rest import Api

Check = Callable[[str, str], Coroutine[Any, Any, None]]
"""Checks a password given from an address; raises ApiError where it is not right."""


class Admission:
    """Checks passwords for listeners that need no session of the API afterwards."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def check(self, password: str, client: str) -> None:
        """Check a password given from an address; raises ApiError where it is not right."""
        session = await self._api.log_in(password, client=client)
        await session.log_out()
