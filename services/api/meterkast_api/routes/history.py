"""What the meters have used."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Response
from meterkast_contracts.catalogue import BY_NAME, CATALOGUE, Kind
from meterkast_store.history import MAX_POINTS, POWER_FIELDS, Period
from pydantic import Field

from meterkast_api import examples
from meterkast_api.answers import Power, Usage, json_answer, problems
from meterkast_api.comparison import Compare
from meterkast_api.directory import Directory
from meterkast_api.history import HistoryReader
from meterkast_api.moments import rows_in, usual_span
from meterkast_api.problems import invalid
from meterkast_api.routes.meters import JSON, GatewayPath
from meterkast_api.spans import SpanQuery, Spans
from meterkast_api.tables import power_json
from meterkast_api.usage_json import usage_json
from meterkast_api.usage_tables import Asked, UsageTables

MAX_ROWS = 10_000
MAX_FIELDS = 16


class PeriodQuery(SpanQuery):
    """From when to when, and per what."""

    per: Period = Field(default=Period.HOUR, description="What each row spans.")


class CostQuery(PeriodQuery):
    """Which usage, and whether with what it cost."""

    cost: bool = Field(default=False, description="Tell what it cost, by the contracts and market prices.")


class UsageQuery(CostQuery):
    """Which usage table."""

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


class HistoryRoutes:
    """Usage tables and curves of a gateway."""

    def __init__(self, store: HistoryReader, directory: Directory, spans: Spans, tables: UsageTables) -> None:
        self._store = store
        self._directory = directory
        self._spans = spans
        self._tables = tables

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["history"])
        for name, endpoint, model, example, description in (
            ("usage", self.usage, Usage, examples.USAGE, "Usage per period, exact to the last digit of the dial."),
            ("power", self.power, Power, examples.POWER, "Curves of gauges."),
        ):
            answers = json_answer(model, example, description) | problems(404, 422, 503)
            router.add_api_route(f"/{name}", endpoint, responses=answers)
        return router

    async def usage(self, gateway: GatewayPath, query: Annotated[UsageQuery, Query()]) -> Response:
        """Give what was used per quarter, hour, day, week, month or year.

        Without `from` and `to`: the quarters or hours of today, the days of this month, the last 12 weeks, the months
        of this year, or the last 10 years. `changes` tells where another meter's registers begin.
        """
        zone = self._spans.zone
        start, end = self._spans.of(query, usual_span(query.per, self._spans.now(), zone))
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
        start, end = self._spans.of(query, self._spans.last("-24h"))
        fields = kept_gauges(query.fields)
        await self._directory.check(gateway)
        curve = await self._store.power(gateway, start, end, query.points, fields)
        return Response(await asyncio.to_thread(power_json, curve, fields), media_type=JSON)


def kept_gauges(text: str) -> tuple[str, ...]:
    """Return the names of a list; raise ProblemError (422) where history does not keep one of them."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        entry = BY_NAME.get(name)
        if entry is None or not entry.kept or entry.kind is not Kind.GAUGE:
            kept = dict.fromkeys(entry.name for entry in CATALOGUE if entry.kept and entry.kind is Kind.GAUGE)
            raise invalid("fields", f"history keeps no gauge {name!r}; it keeps {', '.join(kept)}")
    if not 1 <= len(names) <= MAX_FIELDS:
        raise invalid("fields", f"name 1 to {MAX_FIELDS} gauges")
    return names
