"""DSMR-reader's API, version 2, the side that reads: readings, consumption, statistics.

Costs are those of our contracts. Days and hours are listed once their day is over, as there.
Of the gas, only the newest reading is known to the second: `extra_device_…` is null in those before it, and `gas-live`
is grouped by the hour, which is a setting of the original.
"""

from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response
from meterkast_contracts.compat.reader_fields import gas_of
from meterkast_contracts.compat.wire import quoted
from meterkast_store.history import Period, Usage, UsageRow

from meterkast_api.compat.dial import GAS, MILLISECOND, dial_since
from meterkast_api.compat.pages import Page, sample_page
from meterkast_api.compat.reader_costs import ReaderCosts
from meterkast_api.compat.reader_fields import (
    ELECTRICITY,
    day_object,
    electricity_live,
    gas_live,
    hour_object,
    reading_object,
    today,
    values_of,
)
from meterkast_api.compat.served import Served
from meterkast_api.history import HistoryReader
from meterkast_api.home import Home
from meterkast_api.moments import MomentError, midnight, parse_moment
from meterkast_api.problems import invalid
from meterkast_api.spans import Span

EARLIEST = "2000-01-02"
HOUR = timedelta(hours=1)


class DsmrReaderRoutes:
    """`/api/v2/datalogger`, `/api/v2/consumption` and `/api/v2/statistics`."""

    def __init__(self, served: Served, history: HistoryReader, home: Home, costs: ReaderCosts) -> None:
        self._served = served
        self._history = history
        self._home = home
        self._costs = costs

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v2")
        router.add_api_route("/datalogger/dsmrreading", self.readings)
        router.add_api_route("/consumption/electricity-live", self.electricity_live)
        router.add_api_route("/consumption/gas-live", self.gas_live)
        router.add_api_route("/consumption/today", self.today)
        router.add_api_route("/statistics/day", self.days)
        router.add_api_route("/statistics/hour", self.hours)
        return router

    async def readings(self, request: Request) -> Response:
        """List readings."""
        span, page = self._span(request, "timestamp"), Page.of(request, "timestamp")
        newest = await self._served.reading(request)
        count, samples = await sample_page(self._history, newest.gateway, page, span)
        entries = [
            reading_object(
                sample.measured_at,
                values_of(sample),
                gas_of(newest) if sample.measured_at == newest.measured_at else None,
                self._home.zone,
            )
            for sample in samples
        ]
        return self._served.answer(page.answer(count, entries))

    async def electricity_live(self, request: Request) -> Response:
        """Give power now."""
        reading = await self._served.reading(request)
        now = self._served.now()
        per_hour = await self._costs.per_hour(reading, now)
        return self._served.answer(electricity_live(reading, now, self._home.zone, per_hour=per_hour))

    async def gas_live(self, request: Request) -> Response:
        """Give the gas of the last whole hour."""
        reading = await self._served.reading(request)
        gas = gas_of(reading)
        if gas is None:
            return self._served.answer("{}")
        end = (gas.measured_at or reading.at).astimezone(self._home.zone).replace(minute=0, second=0, microsecond=0)
        usage = await self._history.usage(reading.gateway, end - HOUR, end, Period.HOUR, self._home.zone)
        litres = sum(row.values.get(GAS, 0) for row in usage.rows)
        at = end - HOUR if (reading.version or "").startswith("4") else end
        cost = await self._costs.gas(litres, self._served.now())
        return self._served.answer(gas_live(at, litres, self._home.zone, cost=cost))

    async def today(self, request: Request) -> Response:
        """Give what has been used today."""
        name = await self._served.name(request)
        here = self._served.now().astimezone(self._home.zone)
        usage = await self._history.usage(name, midnight(here), midnight(here, 1), Period.DAY, self._home.zone)
        if not usage.rows or not usage.rows[0].values:
            return self._served.answer(quoted(f"No electricity readings found for: {here.date()}"))
        (cost,) = await self._costs.days(usage, usage.rows)
        prices = await self._costs.prices(here)
        told = None if prices is None else [*prices, cost.fixed]
        return self._served.answer(today(here.date(), usage.rows[0].values, cost, told))

    async def days(self, request: Request) -> Response:
        """List days."""
        page = Page.of(request, "day")
        span, reading = await self._kept(request, "day"), await self._served.reading(request)
        dial = await dial_since(self._history, reading, span[0], Period.DAY, self._home.zone)
        if dial is None:
            return self._served.answer(page.answer(0, []))
        rows = self._over(dial.usage, span)
        shown = rows[page.within(len(rows))]
        costs = await self._costs.days(dial.usage, shown)
        entries = [
            day_object(row, dial.opened(row.start), cost, self._home.zone)
            for row, cost in zip(shown, costs, strict=True)
        ]
        return self._served.answer(page.answer(len(rows), entries))

    async def hours(self, request: Request) -> Response:
        """List hours."""
        page = Page.of(request, "hour_start")
        start, end = await self._kept(request, "hour_start")
        until = min(end + MILLISECOND, self._midnight())
        name = await self._served.name(request)
        usage = await self._history.usage(name, start, max(until, start), Period.HOUR, self._home.zone)
        rows = self._over(usage, (start, end))
        entries = [hour_object(row, self._home.zone) for row in rows[page.within(len(rows))]]
        return self._served.answer(page.answer(len(rows), entries))

    def _over(self, usage: Usage, span: Span) -> list[UsageRow]:
        """Rows of days that are over, that begin in the span and in which electricity was read."""
        over = self._midnight()
        rows = [row for row in usage.rows if span[0] <= row.start <= span[1] and row.end <= over]
        return [row for row in rows if any(field in row.values for _, field in ELECTRICITY)]

    def _midnight(self) -> datetime:
        return midnight(self._served.now().astimezone(self._home.zone))

    async def _kept(self, request: Request, field: str) -> Span:
        """The span asked for, from history's first reading on."""
        name = await self._served.name(request)
        firsts = [info.first for info in await self._history.meters(name)]
        start, end = self._span(request, field)
        first = min(firsts, default=end).astimezone(self._home.zone)
        return max(start, midnight(first)), end

    def _span(self, request: Request, field: str) -> Span:
        start = self._moment(request, f"{field}__gte", EARLIEST)
        return start, self._moment(request, f"{field}__lte", "now")

    def _moment(self, request: Request, parameter: str, usual: str) -> datetime:
        text = request.query_params.get(parameter, usual)
        try:
            return parse_moment(text, zone=self._home.zone, now=self._served.now())
        except MomentError as error:
            raise invalid(parameter, str(error)) from error
