"""What the meters say now."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Response
from meterkast_contracts.messages import DeviceInfo, Reading
from meterkast_store.errors import StoreError

from meterkast_api import examples
from meterkast_api.answers import Examples, Meter, Rejections, json_answer, problems
from meterkast_api.directory import Directory
from meterkast_api.gateways import Gateways
from meterkast_api.problems import ProblemError

GatewayPath = Annotated[str, Path(description="Name of the gateway.", examples=["home"])]
JSON = "application/json"


class MeterRoutes:
    """`/api/v1/meters` and what each of them sent last."""

    def __init__(self, gateways: Gateways, directory: Directory) -> None:
        self._gateways = gateways
        self._directory = directory

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters", tags=["now"])
        add = router.add_api_route
        add("", self.meters, responses=json_answer(list[Meter], examples.METERS, "Every gateway, by name."))
        add(
            "/{gateway}/actual",
            self.actual,
            responses=json_answer(Reading, examples.READING, "The newest reading.") | problems(404),
        )
        text = {"text/plain; charset=iso-8859-1": {"schema": {"type": "string"}, "example": examples.TELEGRAM}}
        received = {"X-Received-At": {"description": "When it was received.", "schema": {"type": "string"}}}
        telegram: Examples = {200: {"description": "Its bytes, untouched.", "content": text, "headers": received}}
        add("/{gateway}/telegram", self.telegram, responses=telegram | problems(404), response_class=Response)
        add(
            "/{gateway}/device",
            self.device,
            responses=json_answer(DeviceInfo, examples.DEVICE, "What the gateway says of itself.") | problems(404),
        )
        add(
            "/{gateway}/rejected",
            self.rejected,
            responses=json_answer(Rejections, examples.REJECTIONS, "The last 50 refused, newest first.")
            | problems(404, 503),
        )
        return router

    async def meters(self) -> Response:
        """List every gateway with what its meter says now."""
        lines = {name: {"gateway": name, "status": "unknown"} for name in await self._remembered()}
        for name in self._gateways.names():
            if gateway := self._gateways.get(name):
                lines[name] = gateway.line()
        return Response(orjson.dumps([lines[name] for name in sorted(lines)]), media_type=JSON)

    async def actual(self, gateway: GatewayPath) -> Response:
        """Give the newest reading, exactly as it stands on the bus."""
        found = self._gateways.get(gateway)
        if found is None or found.reading is None:
            raise await self._lacks(gateway, "reading")
        return Response(found.reading, media_type=JSON)

    async def telegram(self, gateway: GatewayPath) -> Response:
        """Give the newest telegram as the meter sent it."""
        found = self._gateways.get(gateway)
        if found is None or found.telegram is None:
            raise await self._lacks(gateway, "telegram")
        headers = {"X-Received-At": found.telegram.received_at.isoformat().replace("+00:00", "Z")}
        return Response(found.telegram.payload, headers=headers, media_type="text/plain; charset=iso-8859-1")

    async def device(self, gateway: GatewayPath) -> Response:
        """Give what the gateway says of itself."""
        found = self._gateways.get(gateway)
        if found is None or found.device is None:
            raise await self._lacks(gateway, "device information")
        return Response(found.device, media_type=JSON)

    async def rejected(self, gateway: GatewayPath) -> Response:
        """Give the telegrams that were refused since the api started, as they stand on the bus."""
        await self._directory.check(gateway)
        found = self._gateways.get(gateway)
        refused = [orjson.Fragment(payload) for payload in reversed(found.rejected)] if found else []
        return Response(orjson.dumps({"gateway": gateway, "rejected": refused}), media_type=JSON)

    async def _remembered(self) -> frozenset[str]:
        try:
            return await self._directory.remembered()
        except StoreError:
            return frozenset()

    async def _lacks(self, gateway: str, what: str) -> ProblemError:
        if gateway in self._gateways.names() or gateway in await self._remembered():
            return ProblemError(404, "nothing-yet", f"{gateway} has sent no {what} since the api started")
        return self._directory.unknown(gateway)
