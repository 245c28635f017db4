"""What there is of a gateway, and where its dials stood: what a list of files is made from."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Query, Response
from meterkast_contracts.messages import Reading
from meterkast_store.history import MeterInfo, Period
from pydantic import BaseModel, ConfigDict, Field

from meterkast_api import examples
from meterkast_api.answers import Dials, Reach, json_answer, problems
from meterkast_api.compat.dial import Dial, dial_of
from meterkast_api.directory import Directory
from meterkast_api.gateways import Gateway, Gateways
from meterkast_api.history import HistoryReader
from meterkast_api.problems import ProblemError
from meterkast_api.routes.meters import JSON, GatewayPath
from meterkast_api.spans import Span, Spans
from meterkast_api.tables import values_json

MOST_DIALS = 1000


class DialsQuery(BaseModel):
    """At the ends of which periods."""

    model_config = ConfigDict(extra="forbid")

    per: Literal[Period.HOUR, Period.DAY, Period.MONTH] = Period.DAY
    count: Annotated[int, Field(ge=1, le=MOST_DIALS)] = Field(default=31, description="The last so many periods.")


class ReachRoutes:
    """`/api/v1/meters/{gateway}/history` and `…/dials`."""

    def __init__(self, gateways: Gateways, store: HistoryReader, directory: Directory, spans: Spans) -> None:
        self._gateways = gateways
        self._store = store
        self._directory = directory
        self._spans = spans

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["history"])
        for name, endpoint, model, example, description in (
            ("history", self.history, Reach, examples.REACH, "From when to when there is something."),
            ("dials", self.dials, Dials, examples.DIALS, "What the dials showed at the ends of periods."),
        ):
            answers = json_answer(model, example, description) | problems(404, 422, 503)
            router.add_api_route(f"/{name}", endpoint, responses=answers)
        return router

    async def history(self, gateway: GatewayPath) -> Response:
        """Tell from when to when history reaches, without reading it.

        What is absent is not there: `samples` once retention has taken all of them, `event_at` where nothing has
        happened, `received_at` and `telegram_at` where nothing has come since the API started.
        """
        await self._directory.check(gateway)
        meters = [info for info in await self._store.meters() if info.gateway == gateway]
        body: dict[str, Any] = {"gateway": gateway, "timezone": self._spans.zone.key}
        if meters:
            span = min(info.first for info in meters), max(info.last for info in meters)
            body |= {"from": span[0], "to": span[1], **await self._kept(gateway, span)}
        body |= _received(await self._gateways.find(gateway)) | {"meters": [_meter(info) for info in meters]}
        return _json(body)

    async def dials(self, gateway: GatewayPath, query: Annotated[DialsQuery, Query()]) -> Response:
        """Tell what the dials showed at the last reading of each period, oldest first.

        Periods in which the meter that is there now was not read are left out. Gas is that of the newest reading,
        less what has been used since.
        """
        await self._directory.check(gateway)
        found, zone = await self._gateways.find(gateway), self._spans.zone
        if found is None or found.reading is None:
            raise ProblemError(404, "nothing-yet", f"{gateway} has sent no reading since the api started")
        dial = await dial_of(self._store, Reading.from_json(found.reading), query.count, query.per, zone)
        return _json(await asyncio.to_thread(_dials, gateway, query.per, dial, zone))

    async def _kept(self, gateway: str, span: Span) -> dict[str, Any]:
        oldest = await self._store.samples(gateway, *span, 1)
        newest = await self._store.latest(gateway)
        events = await self._store.events(gateway, datetime.fromtimestamp(0, span[0].tzinfo), self._spans.now(), 1)
        kept: dict[str, Any] = {}
        if oldest and newest is not None:
            kept["samples"] = {"from": oldest[0].measured_at, "to": newest.measured_at}
        if events:
            kept["event_at"] = events[0].at
        return kept


def _received(gateway: Gateway | None) -> dict[str, Any]:
    received: dict[str, Any] = {}
    if gateway is not None and (at := gateway.summary.get("received_at")) is not None:
        received["received_at"] = at
    if gateway is not None and gateway.telegram is not None:
        received["telegram_at"] = gateway.telegram.received_at
    return received


def _meter(info: MeterInfo) -> dict[str, Any]:
    return {"meter_id": info.meter, "kind": info.kind, "from": info.first, "to": info.last}


def _dials(gateway: str, per: Period, dial: Dial | None, zone: ZoneInfo) -> dict[str, Any]:
    periods = () if dial is None else tuple(period for period in dial.periods if dial.read_in(period))
    rows = [
        {"from": start.astimezone(zone), "to": end.astimezone(zone), **values_json(dial.shown(end))}
        for start, end in periods
        if dial is not None
    ]
    return {"gateway": gateway, "per": per, "timezone": zone.key, "rows": rows}


def _json(body: Any) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type=JSON)
