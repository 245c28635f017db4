"""Leaving a broker for good: what still waits is done, then the broker forgets the session."""

import asyncio
from collections.abc import Callable

from meterkast_runtime.log import get_logger
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.supervision import Service

QUIET_S = 3.0
POLL_S = 0.1


class Departure:
    """A service on a leaving session, which ends when nothing has come for 3 s and nothing is left to do."""

    def __init__(self, service: Service, session: MqttSession, busy: Callable[[], bool]) -> None:
        self.name = service.name
        self._service = service
        self._session = session
        self._busy = busy
        self._log = get_logger(service.name)

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until all is done; then end the session at the broker."""
        work = asyncio.create_task(self._service.run(ready))
        quiet = asyncio.create_task(self._quiet())
        try:
            await asyncio.wait([work, quiet], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, quiet):
                task.cancel()
            await asyncio.wait([work, quiet])
        if not work.cancelled():
            work.result()
        if not quiet.cancelled():
            await self._forget()

    async def _quiet(self) -> None:
        session, seen, since = self._session, -1, 0.0
        now = asyncio.get_running_loop().time
        while not session.connected or now() - since < QUIET_S:
            if seen != session.received or self._busy() or not session.connected:
                seen, since = session.received, now()
            await asyncio.sleep(POLL_S)

    async def _forget(self) -> None:
        session = self._session
        end = MqttSession(session.settings, client_id=session.client_id, persistent=False, quiet=True)
        async with end:
            await end.wait_connected()
        self._log.info("The session is ended; the broker keeps nothing more for it", client=session.client_id)
