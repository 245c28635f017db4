"""Every old path, plain and under `/compat/<gateway>`, for those who may read.

They are left out of the OpenAPI document: it is the contract of our own API, and these are the contracts of other
programs, described where those come from and in docs/compat.md.
"""

from collections.abc import Callable
from datetime import datetime
from importlib.metadata import version

from fastapi import APIRouter

from meterkast_api.access.scopes import Scope, needs
from meterkast_api.compat.dsmr_reader import DsmrReaderRoutes
from meterkast_api.compat.dsmrlogger_api import DsmrLoggerApiRoutes
from meterkast_api.compat.esp01 import Esp01Routes
from meterkast_api.compat.homewizard import HomeWizardRoutes, Serial
from meterkast_api.compat.reader_costs import ReaderCosts
from meterkast_api.compat.served import Served
from meterkast_api.compat.settings import CompatSection
from meterkast_api.directory import Directory
from meterkast_api.gateways import Gateways
from meterkast_api.history import HistoryReader
from meterkast_api.home import Home
from meterkast_api.money.money import Money

ANY_PAGE = {"Access-Control-Allow-Origin": "*"}
BY_GATEWAY = "/compat/{gateway}"


def compat_router(
    section: CompatSection,
    gateways: Gateways,
    directory: Directory,
    history: HistoryReader,
    serial: Serial,
    home: Home,
    money: Money,
    *,
    now: Callable[[], datetime],
) -> APIRouter:
    """The routes of all four APIs."""
    headers = ANY_PAGE if section.open else {}
    served = Served(gateways, directory, setting=section.gateway, now=now, headers=headers)
    ours = version("meterkast-api")
    router = APIRouter(include_in_schema=False, dependencies=[needs(Scope.READ)])
    for routes in (
        Esp01Routes(served, history, home, version=ours),
        DsmrLoggerApiRoutes(served, history, home, version=ours),
        HomeWizardRoutes(served, serial, home, version=ours),
        DsmrReaderRoutes(served, history, home, ReaderCosts(history, money, home)),
    ):
        router.include_router(routes.router())
        router.include_router(routes.router(), prefix=BY_GATEWAY)
    return router
