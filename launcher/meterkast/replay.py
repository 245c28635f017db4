"""`meterkast replay`: a recording to a broker, once."""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from meterkast_reader.service import ReaderService
from meterkast_reader.settings import ReaderSettings
from meterkast_reader.sources import open_sources
from meterkast_runtime.health import Health
from meterkast_runtime.log import configure_logging
from meterkast_runtime.metrics import REGISTRY
from meterkast_runtime.settings import load_settings

from meterkast.greeting import broker_of, greet
from meterkast.quiet import quiet


@dataclass(frozen=True, kw_only=True)
class ReplayOptions:
    """What is played, how fast (`max`: as fast as the broker takes it), as whose telegrams, to which broker."""

    file: str
    speed: str
    gateway: str
    broker: str | None


def run_replay(options: ReplayOptions) -> None:
    """Play the file to its end; raises MeterkastError when file, speed or broker are wrong."""
    source = f"replay:{options.file.replace('?', quote('?'))}?speed={options.speed}"
    with tempfile.TemporaryDirectory(prefix="meterkast-") as spool:
        overrides: dict[str, Any] = {
            "instance": "replay",
            "data_dir": spool,
            "reader": {"source": source, "sources": (), "gateway": options.gateway},
            "mqtt": broker_of(options.broker) if options.broker else {},
        }
        settings = load_settings(ReaderSettings, overrides=overrides)
        zone = ZoneInfo(settings.home.timezone)
        open_sources(source, options.gateway, data_dir=settings.data_dir, zone=zone)
        count = asyncio.run(_play(settings))
    where = f"{settings.mqtt.host}:{settings.mqtt.port}"
    sys.stdout.write(f"{count} telegrams of {options.file} are with {where} as gateway {options.gateway}\n")


async def _play(settings: ReaderSettings) -> int:
    """Play to the end; how many telegrams that were."""
    quiet()
    await greet(settings.mqtt)
    configure_logging(settings.log.model_copy(update={"level": "warning", "format": "console"}))
    service = ReaderService(settings, Health("reader", settings.instance), until_end=True)
    await service.run(lambda: None)
    return _published(settings.reader.gateway)


def _published(gateway: str) -> int:
    """How many telegrams of a gateway this process has read whole."""
    return int(
        REGISTRY.get_sample_value("meterkast_reader_events_total", {"gateway": gateway, "event": "telegrams"}) or 0
    )
