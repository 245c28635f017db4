"""The reader: every P1 port of the settings, each as its own gateway."""

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from zoneinfo import ZoneInfo

from meterkast_runtime.errors import SettingsError
from meterkast_runtime.health import Health

from meterkast_reader.gateway import Gateway, Surroundings
from meterkast_reader.metrics import METRICS
from meterkast_reader.settings import ReaderSettings
from meterkast_reader.sources import Source, open_sources

COUNTED = ("telegrams", "crc_errors", "discarded_bytes")


class ReaderService:
    """The reader as one service of the pipeline; with `until_end` it ends when every source has (a replay)."""

    name = "reader"

    def __init__(self, settings: ReaderSettings, health: Health, *, until_end: bool = False) -> None:
        self._settings = settings
        self._health = health
        self._until_end = until_end

    async def run(self, ready: Callable[[], None]) -> None:
        """Read and publish until cancelled."""
        gateways = [Gateway(name, source, self._surroundings()) for name, source in self._sources()]
        self._figures(gateways)
        starting = len(gateways)

        def one_ready() -> None:
            nonlocal starting
            starting -= 1
            if not starting:
                ready()

        async with asyncio.TaskGroup() as tasks:
            for gateway in gateways:
                tasks.create_task(gateway.run(one_ready), name=f"gateway {gateway.name}")
        if not self._until_end:
            await asyncio.Event().wait()

    def _figures(self, gateways: Sequence[Gateway]) -> None:
        figure = self._health.figure
        for event in COUNTED:
            figure(event, partial(METRICS.counted, event))
        figure("spooled_telegrams", METRICS.waiting)
        figure("spool_bytes", lambda: sum(gateway.spool_bytes for gateway in gateways))
        figure("disk_free_bytes", lambda: shutil.disk_usage(self._settings.data_dir).free)

    def _sources(self) -> list[tuple[str, Source]]:
        """Open what the settings name; raises SettingsError where two gateways have one name."""
        zone = ZoneInfo(self._settings.home.timezone)
        found = [
            pair
            for port in self._settings.reader.ports
            for pair in open_sources(port.source, port.gateway, data_dir=self._settings.data_dir, zone=zone)
        ]
        doubles = [name for name, count in Counter(name for name, _ in found).items() if count > 1]
        if doubles:
            raise SettingsError([f"two sources are named {doubles[0]!r}: give each gateway its own name"])
        return found

    def _surroundings(self) -> Surroundings:
        settings = self._settings
        return Surroundings(
            instance=settings.instance,
            section=settings.reader,
            mqtt=settings.mqtt,
            spool_dir=settings.data_dir / "spool",
            health=self._health,
        )
