"""The whole pipeline as services of one process."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from zoneinfo import ZoneInfo

from meterkast_api.__main__ import build as build_api
from meterkast_api.settings import ApiSettings
from meterkast_console.__main__ import build_console
from meterkast_console.settings import ConsoleSettings
from meterkast_history.__main__ import build_history
from meterkast_history.settings import HistorySettings
from meterkast_parser.__main__ import build_parser
from meterkast_parser.settings import ParserSettings
from meterkast_reader.service import ReaderService
from meterkast_reader.settings import ReaderSettings
from meterkast_reader.sources import open_sources
from meterkast_runtime.health import Health
from meterkast_runtime.health_report import HealthReport
from meterkast_runtime.service import Service
from meterkast_runtime.settings import load_settings
from pydantic import SecretStr

from meterkast.reported import Reported

Build = Callable[[], Service]


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """What each of the services is told."""

    reader: ReaderSettings
    parser: ParserSettings
    history: HistorySettings
    api: ApiSettings
    console: ConsoleSettings

    @classmethod
    def load(cls, overrides: Mapping[str, Any]) -> Self:
        """Read environment and file under the overrides; raises SettingsError."""
        return cls(
            reader=load_settings(ReaderSettings, overrides=overrides),
            parser=load_settings(ParserSettings, overrides=overrides),
            history=load_settings(HistorySettings, overrides=overrides),
            api=load_settings(ApiSettings, overrides=overrides),
            console=load_settings(ConsoleSettings, overrides=overrides),
        )

    def check_sources(self) -> tuple[str, ...]:
        """Names of all gateways; raises SourceError for a source that cannot be."""
        reader = self.reader
        zone = ZoneInfo(reader.home.timezone)
        ports = [
            open_sources(port.source, port.gateway, data_dir=reader.data_dir, zone=zone) for port in reader.reader.ports
        ]
        return tuple(name for port in ports for name, _ in port)


def services(settings: PipelineSettings, *, setup_code: str | None = None) -> list[Build]:
    """Return what builds each service, in the order in which the last is stopped first."""
    with_console = settings.console.console.enabled
    names = ("reader", "parser", "history", "api", *(("console",) if with_console else ()))
    up = {name: asyncio.Event() for name in names}
    health = {name: Health(name, settings.reader.instance) for name in up}
    before_reader = (up["parser"], up["history"])
    companion = SecretStr(secrets.token_urlsafe(32)) if with_console else None

    def report(name: str) -> Build:
        return lambda: HealthReport(health[name], settings.reader.mqtt)

    def api() -> Service:
        service = build_api(settings.api, health["api"], setup_code=setup_code, companion=companion)
        return Reported(service, health["api"], up["api"])

    def console() -> Service:
        service = build_console(settings.console, health["console"], token=companion)
        return Reported(service, health["console"], up["console"], (up["api"],))

    def history() -> Service:
        return Reported(build_history(settings.history, health["history"]), health["history"], up["history"])

    def parser() -> Service:
        return Reported(build_parser(settings.parser, health["parser"]), health["parser"], up["parser"])

    def reader() -> Service:
        service = ReaderService(settings.reader, health["reader"])
        return Reported(service, health["reader"], up["reader"], before_reader)

    return [*(report(name) for name in up), api, *((console,) if with_console else ()), history, parser, reader]
