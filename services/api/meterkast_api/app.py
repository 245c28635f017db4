"""The HTTP application, put together from its parts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from meterkast_contracts.messages import Reading
from meterkast_runtime.health import Health
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from meterkast_api import problems
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.scopes import ANYONE, CALLER, Recognise
from meterkast_api.answers import Problem
from meterkast_api.database import Database
from meterkast_api.directory import Directory
from meterkast_api.gateways import Gateways
from meterkast_api.guard import Guard, Hosts
from meterkast_api.history import HistoryReader
from meterkast_api.imports.importer import Importer
from meterkast_api.intake import Services
from meterkast_api.routes.history import HistoryRoutes
from meterkast_api.routes.imports import ImportRoutes
from meterkast_api.routes.live import LiveRoutes
from meterkast_api.routes.meters import MeterRoutes
from meterkast_api.routes.page import STATIC, PageRoutes
from meterkast_api.routes.system import SystemRoutes
from meterkast_api.settings import ApiSection
from meterkast_api.stream import Stream

COMPRESS_FROM = 1000
COMPRESS_LEVEL = 4
DESCRIPTION = """\
What a house's smart meter says now, and what it has used.

Energy and volumes are exact decimals; a value that the meter does not give is absent. Times carry their offset; those
in a query are of the home's time zone where they have none. Errors are problem details (RFC 9457)."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the application is made of."""

    section: ApiSection
    zone: ZoneInfo
    store: HistoryReader
    health: Health
    gateways: Gateways
    services: Services
    stream: Stream
    database: Database
    audit: AuditLog
    recognise: Recognise = field(default=lambda _scope: ANYONE)
    static: Path = STATIC
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def build_app(parts: Parts) -> ASGIApp:
    """The application behind its guard."""
    app: ASGIApp = _recognising(build_api(parts), parts.recognise)
    app = GZipMiddleware(app, minimum_size=COMPRESS_FROM, compresslevel=COMPRESS_LEVEL)
    origins = parts.section.allowed_origins
    if origins:
        app = CORSMiddleware(app, allow_origins=origins, allow_methods=["GET"], allow_headers=["Last-Event-ID"])
    hosts = Hosts.of_this_machine(parts.section.allowed_hosts)
    return Guard(app, hosts, shared=bool(origins))


def _recognising(app: ASGIApp, recognise: Recognise) -> ASGIApp:
    async def recognised(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, CALLER: recognise(scope)}, receive, send)

    return recognised


def build_api(parts: Parts) -> FastAPI:
    """The routes and their documentation."""
    api = FastAPI(
        title="Meterkast",
        version=version("meterkast-api"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    problems.register(api)
    directory = Directory(parts.gateways, parts.store)
    for routes in (
        MeterRoutes(parts.gateways, directory),
        HistoryRoutes(parts.store, directory, parts.zone, now=parts.now),
        ImportRoutes(
            Importer(parts.store, now=parts.now),
            directory,
            parts.audit,
            parts.zone,
            most_bytes=parts.section.import_mb << 20,
        ),
        LiveRoutes(parts.stream, heartbeat_s=parts.section.heartbeat_s),
        SystemRoutes(parts.services, parts.health, parts.store),
        PageRoutes(parts.static),
    ):
        api.include_router(routes.router())
    generate = api.openapi
    api.openapi = lambda: _completed(generate())  # type: ignore[method-assign] # FastAPI's documented way
    return api


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """The document with our own forms of a reading and a problem, and without FastAPI's form of a mistake."""
    schemas = document["components"]["schemas"]
    if "Problem" not in schemas:
        reading = Reading.flat_json_schema()
        definitions = {**reading.pop("$defs", {}), "Reading": reading, "Problem": Problem.model_json_schema()}
        schemas.update(_referring_to_components(definitions))
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        _drop_validation_errors(document)
        document["components"]["schemas"] = dict(sorted(schemas.items()))
    return document


def _referring_to_components(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: inner.replace("#/$defs/", "#/components/schemas/")
            if key == "$ref"
            else _referring_to_components(inner)
            for key, inner in value.items()
        }
    return [_referring_to_components(inner) for inner in value] if isinstance(value, list) else value


def _drop_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI promises its own 422 wherever there is a parameter; ours are declared where they can happen."""
    for path in document["paths"].values():
        for operation in path.values():
            answer = operation["responses"].get("422", {}).get("content", {})
            answer.pop("application/json", None)
            if "422" in operation["responses"] and not answer:
                del operation["responses"]["422"]
