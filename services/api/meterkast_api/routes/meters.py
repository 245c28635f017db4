"""What the meters say now."""

from bisect import bisect_right
from typing import Annotated
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Path, Query, Response
from meterkast_contracts.messages import DeviceInfo, Reading
from meterkast_store.errors import StoreError
from pydantic import BaseModel, ConfigDict, Field

from meterkast_api import examples
from meterkast_api.answers import Examples, Meter, Rejections, json_answer, problems
from meterkast_api.directory import Directory
from meterkast_api.gateways import Gateways
from meterkast_api.problems import ProblemError

GatewayPath = Annotated[str, Path(description="Name of the gateway.", examples=["home"])]
JSON = "application/json"
PAGE = 1000


class MetersQuery(BaseModel):
    """Which gateways to list."""

    model_config = ConfigDict(extra="forbid")

    limit: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(default=None, description="How many at most.")
    after: str | None = Field(default=None, description="The name after which to begin: the last one of a page before.")


class MeterRoutes:
    """`/api/v1/meters` and what each of them sent last."""

    def __init__(self, gateways: Gateways, directory: Directory) -> None:
        self._gateways = gateways
        self._directory = directory

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters", tags=["now"])
        add = router.add_api_route
        link = {"Link": {"description": 'While there is more: `<…>; rel="next"`.', "schema": {"type": "string"}}}
        listed = json_answer(list[Meter], examples.METERS, "Gateways, by name.")
        listed[200]["headers"] = link
        add("", self.meters, responses=listed | problems(422))
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

    async def meters(self, query: Annotated[MetersQuery, Query()]) -> Response:
        """List gateways by name with what their meters say now: all of them, or `limit` of them.

        Where the API holds only some gateways of many (`[api] hold`), the others are listed with their status alone,
        and a page without a `limit` is of 1000. While there is more, the header `Link` leads to the next page
        (RFC 8288).
        """
        names = sorted({*self._gateways.names(), *await self._remembered()})
        begin = 0 if query.after is None else bisect_right(names, query.after)
        limit = query.limit or (len(names) if self._gateways.limit is None else PAGE)
        page = names[begin : begin + limit]
        more = page and len(names) > begin + limit
        headers = {"Link": f'<?{urlencode({"limit": limit, "after": page[-1]})}>; rel="next"'} if more else {}
        return Response(orjson.dumps([self._gateways.line(name) for name in page]), media_type=JSON, headers=headers)

    async def actual(self, gateway: GatewayPath) -> Response:
        """Give the newest reading, exactly as it stands on the bus."""
        found = await self._gateways.find(gateway)
        if found is None or found.reading is None:
            raise await self._lacks(gateway, "reading")
        return Response(found.reading, media_type=JSON)

    async def telegram(self, gateway: GatewayPath) -> Response:
        """Give the newest telegram as the meter sent it."""
        found = await self._gateways.find(gateway, "telegram")
        if found is None or found.telegram is None:
            raise await self._lacks(gateway, "telegram")
        headers = {"X-Received-At": found.telegram.received_at.isoformat().replace("+00:00", "Z")}
        return Response(found.telegram.payload, headers=headers, media_type="text/plain; charset=iso-8859-1")

    async def device(self, gateway: GatewayPath) -> Response:
        """Give what the gateway says of itself."""
        found = await self._gateways.find(gateway, "device")
        if found is None or found.device is None:
            raise await self._lacks(gateway, "device information")
        return Response(found.device, media_type=JSON)

    async def rejected(self, gateway: GatewayPath) -> Response:
        """Give the telegrams that were refused since the api started, as they stand on the bus."""
        await self._directory.check(gateway)
        found = await self._gateways.find(gateway)
        refused = [orjson.Fragment(payload) for payload in reversed(found.rejected)] if found else []
        return Response(orjson.dumps({"gateway": gateway, "rejected": refused}), media_type=JSON)

    async def _remembered(self) -> frozenset[str]:
        try:
            return await self._directory.remembered()
        except StoreError:
            return frozenset()

    async def _lacks(self, gateway: str, what: str) -> ProblemError:
        if self._gateways.knows(gateway) or gateway in await self._remembered():
            since = "the api started" if self._gateways.limit is None else "it was first asked for: ask again"
            return ProblemError(404, "nothing-yet", f"{gateway} has sent no {what} since {since}")
        return self._directory.unknown(gateway)
