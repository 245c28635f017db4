"""The HTTP application, put together from its parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from meterkast_contracts.topics import Topics
from meterkast_runtime.health import Health
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware
from starlette.routing import Route
from starlette.types import ASGIApp

from meterkast_api import problems
from meterkast_api.access.audit import AuditLog
from meterkast_api.access.entrance import Entrance
from meterkast_api.access.gate import Gate
from meterkast_api.access.keyring import Keyring
from meterkast_api.access.login import Login
from meterkast_api.access.scopes import ANYONE, Recognise
from meterkast_api.commands import Commands
from meterkast_api.compat import keys
from meterkast_api.compat.homewizard import Serial
from meterkast_api.compat.routes import compat_router
from meterkast_api.compat.settings import CompatSection
from meterkast_api.database import Database
from meterkast_api.directory import Directory
from meterkast_api.document import completed
from meterkast_api.export import parquet_file
from meterkast_api.firmware.shelf import Shelf
from meterkast_api.gateways import Gateways
from meterkast_api.guard import Guard, Hosts
from meterkast_api.history import HistoryReader
from meterkast_api.home import Home
from meterkast_api.imports.importer import Importer
from meterkast_api.intake import Services
from meterkast_api.money.money import Money
from meterkast_api.routes.access import AccessRoutes
from meterkast_api.routes.commands import CommandRoutes
from meterkast_api.routes.events import EventRoutes
from meterkast_api.routes.export import ExportRoutes
from meterkast_api.routes.firmware import FirmwareRoutes
from meterkast_api.routes.history import HistoryRoutes
from meterkast_api.routes.imports import ImportRoutes
from meterkast_api.routes.live import LiveRoutes
from meterkast_api.routes.meters import MeterRoutes
from meterkast_api.routes.money import MoneyRoutes
from meterkast_api.routes.page import STATIC, PageRoutes
from meterkast_api.routes.preferences import PreferencesRoutes
from meterkast_api.routes.reach import ReachRoutes
from meterkast_api.routes.system import SystemRoutes
from meterkast_api.settings import ApiSection
from meterkast_api.spans import Spans
from meterkast_api.stream import Stream
from meterkast_api.tags import Tags
from meterkast_api.usage_tables import UsageTables

COMPRESS_FROM = 1000
COMPRESS_LEVEL = 4
SHARED_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SHARED_HEADERS = ("Authorization", "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID")
EXPOSED_HEADERS = ("Content-Disposition", "ETag", "Link", "Retry-After")
DESCRIPTION = """\
What a house's smart meter says now, and what it has used.

Energy and volumes are exact decimals; a value that the meter does not give is absent. Times carry their offset; those
in a query are of the home's time zone where they have none. Errors are problem details (RFC 9457)."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the application is made of."""

    section: ApiSection
    home: Home
    store: HistoryReader
    health: Health
    gateways: Gateways
    services: Services
    stream: Stream
    database: Database
    money: Money
    audit: AuditLog
    keyring: Keyring
    login: Login
    firmware: Shelf
    commands: Commands = field(default_factory=lambda: Commands(Topics()))
    recognise: Recognise = field(default=lambda _scope: ANYONE)
    compat: CompatSection = field(default_factory=CompatSection)
    static: Path = STATIC
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def build_app(parts: Parts) -> ASGIApp:
    """The application behind its guard, its entrance and its gate."""
    section = parts.section
    directory = Directory(parts.gateways, parts.store)
    compat = build_compat(parts, directory)
    routers = build_routers(parts, directory, compat)
    recognise = keys.recognising(parts.recognise, compat.routes, everybody=parts.compat.open)
    api = build_api(routers)
    own = [route for route in api.routes if isinstance(route, Route)]
    leaves = [*own, *(route for router in routers for route in router.routes)]
    app: ASGIApp = Gate(
        api, leaves, recognise, allowed_origins=section.allowed_origins, until_ended=parts.keyring.until_ended
    )
    app = Tags(app)
    app = GZipMiddleware(
        app,
        minimum_size=COMPRESS_FROM,
        compresslevel=COMPRESS_LEVEL,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, parquet_file.MEDIA_TYPE),
    )
    origins = section.allowed_origins
    if origins:
        app = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=SHARED_METHODS,
            allow_headers=SHARED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
        )
    hosts = Hosts.of_this_machine(section.allowed_hosts)
    app = Entrance(app, hosts=hosts, prefix=section.path_prefix, trusted=section.trusted_proxies)
    return Guard(app, hosts, shared=bool(origins))


def build_compat(parts: Parts, directory: Directory) -> APIRouter:
    """The old paths of other programs."""
    serial = Serial(parts.database)
    return compat_router(
        parts.compat, parts.gateways, directory, parts.store, serial, parts.home, parts.money, now=parts.now
    )


def build_routers(parts: Parts, directory: Directory, *further: APIRouter) -> list[APIRouter]:
    """Every route; those of the page come last, since they take every path."""
    section = parts.section
    spans = Spans(parts.home, now=parts.now)
    ours = [
        routes.router()
        for routes in (
            MeterRoutes(parts.gateways, directory),
            HistoryRoutes(parts.store, directory, spans, UsageTables(parts.store, parts.money.ledger)),
            ReachRoutes(parts.gateways, parts.store, directory, spans),
            EventRoutes(parts.store, directory, spans),
            ExportRoutes(parts.store, directory, spans, parts.money.ledger),
            MoneyRoutes(parts.money, spans, parts.audit),
            PreferencesRoutes(parts.home, parts.audit),
            ImportRoutes(
                Importer(parts.store, now=parts.now),
                directory,
                parts.audit,
                parts.home,
                parts.money.ledger,
                most_bytes=section.import_mb << 20,
            ),
            CommandRoutes(parts.commands, directory, parts.audit, parts.firmware, firmware_url=section.firmware_url),
            FirmwareRoutes(parts.firmware, parts.audit, key_file=section.firmware_key),
            LiveRoutes(parts.stream, parts.gateways, heartbeat_s=section.heartbeat_s),
            SystemRoutes(parts.services, parts.health, parts.store),
            AccessRoutes(
                parts.login,
                parts.keyring,
                parts.audit,
                prefix=section.path_prefix,
                everybody_reads=section.everybody_reads,
            ),
        )
    ]
    return [*ours, *further, PageRoutes(parts.static).router()]


def build_api(routers: Sequence[APIRouter]) -> FastAPI:
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
    problems.register(api, [route for router in routers for route in router.routes])
    for router in routers:
        api.include_router(router)
    generate = api.openapi
    api.openapi = lambda: completed(generate())  # type: ignore[method-assign] # FastAPI's documented way
    return api
