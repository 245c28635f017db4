"""What the meters have used."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from meterkast_contracts.catalogue import BY_NAME, CATALOGUE, Kind
from meterkast_store.history import MAX_POINTS, POWER_FIELDS, Period
from pydantic import Field

from meterkast_api import examples
from meterkast_api.answers import Events, Power, Usage, json_answer, problems
from meterkast_api.directory import Directory
from meterkast_api.history import HistoryReader
from meterkast_api.home import Home
from meterkast_api.moments import parse_moment, rows_in, usual_span
from meterkast_api.money.spans import Compare
from meterkast_api.problems import invalid
from meterkast_api.routes.meters import JSON, GatewayPath
from meterkast_api.routes.spans import SpanQuery
from meterkast_api.tables import events_json, power_json
from meterkast_api.usage_json import usage_json
from meterkast_api.usage_tables import Asked, UsageTables

MAX_ROWS = 10_000
MAX_FIELDS = 16


class UsageQuery(SpanQuery):
    """Which usage table."""

    per: Period = Field(default=Period.HOUR, description="What each row spans.")
    cost: bool = Field(default=False, description="Tell what each row, each hole and the whole cost.")
    compare: Compare | None = Field(
        default=None,
        description="Add the span just before (as many whole months, or days), or the same dates a year earlier. Its "
        "rows pair with ours by their number: hours and quarters by how far they are from the span's start, so that "
        "from a change of the clock on they stand one hour of wall time apart.",
    )


class PowerQuery(SpanQuery):
    """Which curves."""

    points: Annotated[int, Field(ge=1, le=MAX_POINTS)] = 600
    fields: str = Field(
        default=",".join(POWER_FIELDS),
        description="Gauges that history keeps, separated by commas.",
        examples=["voltage_l1_v,voltage_l2_v"],
    )


class EventsQuery(SpanQuery):
    """Which events."""

    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class HistoryRoutes:
    """Usage tables, curves and events of a gateway."""

    def __init__(
        self,
        store: HistoryReader,
        directory: Directory,
        home: Home,
        tables: UsageTables,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._directory = directory
        self._home = home
        self._tables = tables
        self._now = now

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["history"])
        for name, endpoint, model, example, description in (
            ("usage", self.usage, Usage, examples.USAGE, "Usage per period, exact to the last digit of the dial."),
            ("power", self.power, Power, examples.POWER, "Curves of gauges."),
            ("events", self.events, Events, examples.EVENTS, "What happened."),
        ):
            answers = json_answer(model, example, description) | problems(404, 422, 503)
            router.add_api_route(f"/{name}", endpoint, responses=answers)
        return router

    async def usage(self, gateway: GatewayPath, query: Annotated[UsageQuery, Query()]) -> Response:
        """Give what was used per quarter, hour, day, week, month or year.

        Without `from` and `to`: the quarters or hours of today, the days of this month, the last 12 weeks, the months
        of this year, or the last 10 years. `changes` tells where another meter's registers begin.
        """
        zone, now = self._home.zone, self._now()
        start, end = query.span(usual_span(query.per, now, zone), zone=zone, now=now)
        if (rows := rows_in(query.per, start, end)) > MAX_ROWS:
            raise invalid(
                "from", f"that would be {rows} rows, {MAX_ROWS} are allowed: ask for less, or per a longer time"
            )
        await self._directory.check(gateway)
        asked = Asked(gateway, start, end, query.per, zone)
        table = await self._tables.table(asked, cost=query.cost, compare=query.compare)
        return Response(await asyncio.to_thread(usage_json, table), media_type=JSON)

    async def power(self, gateway: GatewayPath, query: Annotated[PowerQuery, Query()]) -> Response:
        """Give lowest, mean and highest of gauges in equal bins, the last 24 hours where no time is given."""
        zone, now = self._home.zone, self._now()
        start, end = query.span((parse_moment("-24h", zone=zone, now=now), now), zone=zone, now=now)
        fields = _fields(query.fields)
        await self._directory.check(gateway)
        curve = await self._store.power(gateway, start, end, query.points, fields)
        return Response(await asyncio.to_thread(power_json, curve, fields), media_type=JSON)

    async def events(self, gateway: GatewayPath, query: Annotated[EventsQuery, Query()]) -> Response:
        """Give what happened, newest first, the last 30 days where no time is given."""
        zone, now = self._home.zone, self._now()
        start, end = query.span((parse_moment("-30d", zone=zone, now=now), now), zone=zone, now=now)
        await self._directory.check(gateway)
        events = await self._store.events(gateway, start, end, query.limit)
        return Response(events_json(gateway, start, end, events), media_type=JSON)


def _fields(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        entry = BY_NAME.get(name)
        if entry is None or not entry.kept or entry.kind is not Kind.GAUGE:
            kept = dict.fromkeys(entry.name for entry in CATALOGUE if entry.kept and entry.kind is Kind.GAUGE)
            raise invalid("fields", f"history keeps no gauge {name!r}; it keeps {', '.join(kept)}")
    if not 1 <= len(names) <= MAX_FIELDS:
        raise invalid("fields", f"name 1 to {MAX_FIELDS} gauges")
    return names
