"""Import of histories that other programs have kept."""

import asyncio
from http import HTTPStatus
from pathlib import Path as FilePath
from tempfile import TemporaryDirectory
from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response
from meterkast_contracts.topics import TopicError, check_gateway
from pydantic import BaseModel, ConfigDict, Field

from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import Caller, Scope, needs
from meterkast_api.answers import json_answer, problems
from meterkast_api.directory import Directory
from meterkast_api.home import Home
from meterkast_api.imports.answers import EXAMPLE, ImportReport, report_json
from meterkast_api.imports.formats import AUTO, FORMATS, UnknownFormatError
from meterkast_api.imports.importer import Importer, Order, Report
from meterkast_api.imports.source import SourceError
from meterkast_api.money.ledger import Ledger
from meterkast_api.problems import ProblemError, invalid
from meterkast_api.routes.meters import JSON, GatewayPath

NAMES = [AUTO, *(one.name for one in FORMATS)]
MEGABYTE = 1 << 20


class ImportQuery(BaseModel):
    """How a file is to be imported."""

    model_config = ConfigDict(extra="forbid")

    dry_run: bool = Field(default=False, description="Only say what would be added.")
    format: str = Field(default=AUTO, description=f"{', '.join(NAMES)}; `{AUTO}` looks at the file.")
    meter: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None, description="The meter that the readings are of; found out where absent."
    )


class ImportRoutes:
    """`…/import`: a file in, a report out; one import at a time."""

    def __init__(
        self,
        importer: Importer,
        directory: Directory,
        audit: AuditLog,
        home: Home,
        ledger: Ledger,
        *,
        most_bytes: int,
    ) -> None:
        self._importer = importer
        self._directory = directory
        self._audit = audit
        self._home = home
        self._ledger = ledger
        self._most_bytes = most_bytes
        self._busy = asyncio.Lock()

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(prefix="/api/v1/meters/{gateway}", tags=["history"])
        body = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
        answers = json_answer(ImportReport, EXAMPLE, "What was added, or in a dry run would be.")
        router.add_api_route(
            "/import",
            self.take,
            methods=["POST"],
            responses=answers | problems(401, 403, 409, 413, 422, 503),
            openapi_extra={"requestBody": {"required": True, **body}},
        )
        return router

    async def take(
        self,
        request: Request,
        gateway: GatewayPath,
        query: Annotated[ImportQuery, Query()],
        caller: Annotated[Caller, needs(Scope.CONTROL)],
    ) -> Response:
        """Add what DSMR-reader, P1 Monitor or a DSMR logger has kept; the body is the file.

        What history has already is left as it is: the same file again adds nothing.
        """
        try:
            check_gateway(gateway)
        except TopicError as error:
            raise invalid("gateway", str(error)) from error
        if self._busy.locked():
            raise ProblemError(HTTPStatus.CONFLICT, "import-running", "another import is running: try when it is done")
        async with self._busy:
            with TemporaryDirectory(prefix="meterkast-upload-") as folder:
                file = FilePath(folder) / "file"
                await self._receive(request, file)
                zone = self._home.zone
                order = Order(
                    file=file, gateway=gateway, zone=zone,
                    format=query.format, meter=query.meter, dry_run=query.dry_run,
                )  # fmt: skip
                report = await self._import(order)
        if not query.dry_run:
            self._directory.forget()
            self._ledger.forget()
            await self._audit.note(caller, "history imported", _said(gateway, report))
        answer = report_json(report, dry_run=query.dry_run, zone=zone)
        return Response(orjson.dumps(answer), media_type=JSON)

    async def _import(self, order: Order) -> Report:
        try:
            return await self._importer.run(order)
        except UnknownFormatError as error:
            raise ProblemError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "unknown-format", str(error), known=NAMES[1:]
            ) from error
        except SourceError as error:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "unreadable-file", str(error)) from error

    async def _receive(self, request: Request, file: FilePath) -> None:
        """Keep the body; of one that is too large the rest is read, within reason, so that the answer is heard."""
        size = 0
        with file.open("wb") as out:
            async for chunk in request.stream():
                size += len(chunk)
                if size <= self._most_bytes:
                    await asyncio.to_thread(out.write, chunk)
                elif size > 2 * self._most_bytes:
                    break
        if size == 0:
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "empty-file", "the body is empty: send the file in it")
        if size > self._most_bytes:
            raise ProblemError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "too-large",
                f"the file is larger than {self._most_bytes // MEGABYTE} MB: raise import_mb in the section "
                "[api], or use `meterkast import`",
                headers={"Connection": "close"},
            )


def _said(gateway: str, report: Report) -> str:
    return f"{gateway}: {report.new} new readings from a file of {report.format}, {report.refused.count} refused"
