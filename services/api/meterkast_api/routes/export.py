"""History as files for spreadsheets and notebooks, of any span."""

from collections.abc import AsyncGenerator
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from meterkast_api.answers import Examples, problems
from meterkast_api.directory import Directory
from meterkast_api.export import examples
from meterkast_api.export.csv_file import Dialect, csv_file
from meterkast_api.export.events_sheet import events_sheet
from meterkast_api.export.parquet_file import MEDIA_TYPE, parquet_file, require_pyarrow
from meterkast_api.export.power_sheet import power_sheet
from meterkast_api.export.samples_sheet import samples_sheet
from meterkast_api.export.sheet import Sheet
from meterkast_api.export.usage_sheet import UsageSheet
from meterkast_api.guard import HEAD_ONLY
from meterkast_api.history import HistoryReader
from meterkast_api.moments import usual_span
from meterkast_api.money.ledger import Ledger
from meterkast_api.routes.events import USUAL, EventKindsQuery
from meterkast_api.routes.history import CostQuery, PowerQuery, kept_gauges
from meterkast_api.routes.meters import GatewayPath
from meterkast_api.spans import Span, SpanQuery, Spans

CSV = "text/csv"
USUAL_DAY = "-24h"


class Separator(StrEnum):
    """What stands between cells."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"


class Mark(StrEnum):
    """What stands between a number's whole part and its decimals."""

    POINT = "point"
    COMMA = "comma"


_SIGNS = {Separator.COMMA: ",", Separator.SEMICOLON: ";", Separator.TAB: "\t"}


class Columns(BaseModel):
    """Which columns."""

    model_config = ConfigDict(extra="forbid")

    columns: str | None = Field(
        default=None,
        description="Only these columns, separated by commas, in this order; all of them where none is named.",
        examples=["from,energy_import_kwh,gas_m3"],
    )


class Csv(Columns):
    """How a CSV file is written."""

    separator: Separator | None = Field(
        default=None, description="Between cells: a comma, or a semicolon where the decimal mark is a comma."
    )
    decimal: Mark = Field(
        default=Mark.POINT, description="With `comma` a Dutch or Belgian spreadsheet opens the file by itself."
    )

    def dialect(self, spans: Spans) -> Dialect:
        """How to write."""
        comma = self.decimal is Mark.COMMA
        separator = self.separator or (Separator.SEMICOLON if comma else Separator.COMMA)
        return Dialect(spans.zone, separator=_SIGNS[separator], point="," if comma else ".")


class UsageCsv(CostQuery, Csv):
    """A usage table as CSV."""


class UsageParquet(CostQuery, Columns):
    """A usage table as Parquet."""


class PowerCsv(PowerQuery, Csv):
    """Curves as CSV."""


class EventsCsv(EventKindsQuery, Csv):
    """Events as CSV."""


class SamplesCsv(SpanQuery, Csv):
    """Readings as CSV."""


class SamplesParquet(SpanQuery, Columns):
    """Readings as Parquet."""


class ExportRoutes:
    """`/api/v1/meters/{gateway}/….csv` and `.parquet`: made while they are sent, so that any span is small."""

    def __init__(self, store: HistoryReader, directory: Directory, spans: Spans, ledger: Ledger) -> None:
        self._store = store
        self._directory = directory
        self._spans = spans
        self._ledger = ledger

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["export"])
        for name, endpoint, example in (
            ("usage", self.usage_csv, examples.USAGE),
            ("power", self.power_csv, examples.POWER),
            ("events", self.events_csv, examples.EVENTS),
            ("samples", self.samples_csv, examples.SAMPLES),
        ):
            answers = _file(CSV, {"type": "string"}, example) | problems(404, 422, 503)
            router.add_api_route(f"/{name}.csv", endpoint, responses=answers, response_class=Response)
        binary = {"type": "string", "format": "binary"}
        answers = _file(MEDIA_TYPE, binary, examples.PARQUET) | problems(404, 422, 501, 503)
        add = router.add_api_route
        add("/usage.parquet", self.usage_parquet, responses=answers, response_class=Response)
        add("/samples.parquet", self.samples_parquet, responses=answers, response_class=Response)
        return router

    async def usage_csv(self, request: Request, gateway: GatewayPath, query: Annotated[UsageCsv, Query()]) -> Response:
        """Give the usage table and its holes as CSV, of any span.

        A hole has a row of its own (`hole` is `hole`) beneath the row in which it begins; rows of which a part lies in
        a hole say `part`, the others `no`. So a column's sum is exactly what the dial moved.

        With `cost=true` each row and hole has its amounts (`cost_electricity_import`, `cost_gas`, …, `cost_total`),
        each rounded to four decimals by itself, empty where nothing is known; `cost_missing` names what has no price.
        """
        return await self._csv(request, gateway, f"usage-{query.per}", await self._usage(gateway, query), query)

    async def usage_parquet(
        self, request: Request, gateway: GatewayPath, query: Annotated[UsageParquet, Query()]
    ) -> Response:
        """Give the same table as Parquet, registers and amounts as exact decimals."""
        require_pyarrow()
        return await self._parquet(request, gateway, f"usage-{query.per}", await self._usage(gateway, query), query)

    async def power_csv(self, request: Request, gateway: GatewayPath, query: Annotated[PowerCsv, Query()]) -> Response:
        """Give curves as CSV: a row per bin, with each gauge's lowest, mean and highest."""
        span = self._spans.of(query, self._spans.last(USUAL_DAY))
        fields = kept_gauges(query.fields)
        await self._directory.check(gateway)
        curve = await self._store.power(gateway, *span, query.points, fields)
        return await self._csv(request, gateway, "power", (span, power_sheet(curve, fields)), query)

    async def events_csv(
        self, request: Request, gateway: GatewayPath, query: Annotated[EventsCsv, Query()]
    ) -> Response:
        """Give what happened as CSV, newest first.

        A text that a spreadsheet would take for a formula has an apostrophe before it.
        """
        span = self._spans.of(query, self._spans.last(USUAL))
        await self._directory.check(gateway)
        sheet = events_sheet(self._store, gateway, span, query.kind)
        return await self._csv(request, gateway, "events", (span, sheet), query)

    async def samples_csv(
        self, request: Request, gateway: GatewayPath, query: Annotated[SamplesCsv, Query()]
    ) -> Response:
        """Give every kept reading as CSV, oldest first, the last 24 hours where no time is given.

        Columns are all that history can keep of a reading, empty where the meter does not give it. M-Bus registers
        (gas, water, heat) stand at times of their own and are not among them: `usage.csv?per=quarter` has them.
        """
        return await self._csv(request, gateway, "samples", await self._samples(gateway, query), query)

    async def samples_parquet(
        self, request: Request, gateway: GatewayPath, query: Annotated[SamplesParquet, Query()]
    ) -> Response:
        """Give the same readings as Parquet, registers as exact decimals."""
        require_pyarrow()
        return await self._parquet(request, gateway, "samples", await self._samples(gateway, query), query)

    async def _usage(self, gateway: str, query: CostQuery) -> tuple[Span, Sheet]:
        zone = self._spans.zone
        span = self._spans.of(query, usual_span(query.per, self._spans.now(), zone))
        await self._directory.check(gateway)
        ledger = self._ledger if query.cost else None
        return span, await UsageSheet(self._store, gateway, query.per, zone, ledger=ledger).of(span)

    async def _samples(self, gateway: str, query: SpanQuery) -> tuple[Span, Sheet]:
        span = self._spans.of(query, self._spans.last(USUAL_DAY))
        await self._directory.check(gateway)
        return span, samples_sheet(self._store, gateway, span)

    async def _csv(self, request: Request, gateway: str, what: str, found: tuple[Span, Sheet], query: Csv) -> Response:
        span, sheet = found
        sheet = await sheet.only(query.columns).begun()
        file = csv_file(sheet, query.dialect(self._spans))
        return _sent(request, file, CSV, self._name(gateway, what, span, "csv"))

    async def _parquet(
        self, request: Request, gateway: str, what: str, found: tuple[Span, Sheet], query: Columns
    ) -> Response:
        span, sheet = found
        sheet = await sheet.only(query.columns).begun()
        return _sent(
            request, parquet_file(sheet, self._spans.zone), MEDIA_TYPE, self._name(gateway, what, span, "parquet")
        )

    def _name(self, gateway: str, what: str, span: Span, ending: str) -> str:
        start, end = (at.astimezone(self._spans.zone).date().isoformat() for at in span)
        return f"meterkast-{gateway}-{what}-{start}-to-{end}.{ending}"


def _sent(request: Request, file: AsyncGenerator[bytes, None], media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    if request.scope.get(HEAD_ONLY):
        return Response(headers=headers, media_type=media_type)
    return StreamingResponse(file, headers=headers, media_type=media_type)


def _file(media_type: str, schema: dict[str, Any], example: str) -> Examples:
    named = {"Content-Disposition": {"description": "A name for the file.", "schema": {"type": "string"}}}
    content = {media_type: {"schema": schema, "example": example}}
    return {200: {"description": "The file.", "content": content, "headers": named}}
