"""Whose meter the old paths show, and what it says now."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from fastapi import Request, Response
from meterkast_contracts.messages import DeviceInfo, Reading
from meterkast_store.errors import StoreError

from meterkast_api.directory import Directory
from meterkast_api.gateways import Gateways, Telegram
from meterkast_api.problems import ProblemError

RETRY_AFTER_S = 5


class Served:
    """The gateway in the path, else that of the settings, else the first by name."""

    def __init__(
        self,
        gateways: Gateways,
        directory: Directory,
        *,
        setting: str | None,
        now: Callable[[], datetime],
        headers: dict[str, str],
    ) -> None:
        self.now = now
        self._gateways = gateways
        self._directory = directory
        self._setting = setting
        self._headers = headers

    def answer(self, body: str | bytes, media_type: str = "application/json") -> Response:
        """Return the answer, for other pages too where the settings allow them."""
        return Response(body, media_type=media_type, headers=self._headers)

    async def name(self, request: Request) -> str:
        """Name of the gateway asked for; raises ProblemError where nothing is known of it."""
        named: str | None = request.path_params.get("gateway")
        if named is not None:
            await self._directory.check(named)
            return named
        if self._setting is not None:
            return self._setting
        names = self._gateways.names() or sorted(await self._remembered())
        if not names:
            raise _nothing_yet("no gateway has sent anything yet")
        return names[0]

    async def reading(self, request: Request) -> Reading:
        """Newest reading, with a time; raises ProblemError (503) until there is one."""
        name = await self.name(request)
        gateway = await self._gateways.find(name)
        if gateway is None or gateway.reading is None:
            raise _nothing_yet(f"{name} has sent no reading since the api started")
        if gateway.parsed is None or gateway.parsed[0] is not gateway.reading:
            gateway.parsed = gateway.reading, self._read(name, gateway.reading)
        return gateway.parsed[1]

    async def telegram(self, request: Request) -> Telegram:
        """Newest telegram; raises ProblemError (503) until there is one."""
        name = await self.name(request)
        gateway = await self._gateways.find(name, "telegram")
        if gateway is None or gateway.telegram is None:
            raise _nothing_yet(f"{name} has sent no telegram since the api started")
        return gateway.telegram

    async def device(self, request: Request) -> DeviceInfo | None:
        """What the gateway says of itself, None where it has said nothing."""
        gateway = await self._gateways.find(await self.name(request), "device")
        if gateway is None or gateway.device is None:
            return None
        try:
            return DeviceInfo.from_json(gateway.device)
        except ValueError:
            return None

    async def _remembered(self) -> frozenset[str]:
        try:
            return await self._directory.remembered()
        except StoreError:
            return frozenset()

    def _read(self, name: str, payload: bytes) -> Reading:
        try:
            reading = Reading.from_json(payload)
        except ValueError as error:
            raise _nothing_yet(f"the newest reading of {name} makes no sense") from error
        if reading.measured_at is None:
            return reading.model_copy(update={"measured_at": reading.received_at or self.now()})
        return reading


def _nothing_yet(sentence: str) -> ProblemError:
    headers = {"Retry-After": str(RETRY_AFTER_S)}
    return ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, "nothing-yet", sentence, headers=headers)
