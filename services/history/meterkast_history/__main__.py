"""`meterkast-history`: keeps every reading, and a snapshot of the registers at each quarter of an hour."""

import argparse
import shutil
from functools import partial
from pathlib import Path

from meterkast_contracts.topics import Topics
from meterkast_runtime.departure import Departure
from meterkast_runtime.errors import SettingsError
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit
from meterkast_store import HistoryStore, open_store

from meterkast_history.service import HistoryService
from meterkast_history.settings import HistorySettings
from meterkast_history.share import Share
from meterkast_history.vitals import Vitals
from meterkast_history.vitals_keeper import DROPPED, VitalsKeeper
from meterkast_history.watch import Watch

SQLITE = "sqlite:///"
EPILOGUE = """\
Settings come from METERKAST_… variables and meterkast.toml, for example:

  [store]
  url = "influxdb://localhost:8086/meterkast"   # absent: history.sqlite in the data folder
  token = "…"                                   # or username and password
  retention_days = 90                           # readings; quarter-hour snapshots are kept for ever

While the database is away, readings wait at the broker.

Several writers share the gateways of an InfluxDB when each says which it is, of how many, and has an instance name of
its own; they also tell the events, for parsers that share the telegrams:

  METERKAST_INSTANCE=history-1 METERKAST_HISTORY__SHARE=1/2 meterkast-history

Their number is changed while no parser runs: wait until nothing waits, stop the writers, run each once with --leave,
start as many as are wanted with their new shares, then the parsers.
"""


def build_history(settings: HistorySettings, health: Health) -> HistoryService:
    """Build the service with its session and store."""
    return _history(settings, _session(settings, health), health)


def build_departure(settings: HistorySettings, health: Health) -> Departure:
    """Build the service that writes what still waits for this instance and share, and then ends its session."""
    session = _session(settings, health, leaving=True)
    service = _history(settings, session, health)
    return Departure(service, session, lambda: service.busy)


def _history(settings: HistorySettings, session: MqttSession, health: Health) -> HistoryService:
    share = _share(settings)
    watch = Watch(settings.data_dir / "events.sqlite", share) if share else None
    store = open_store(settings.store, settings.data_dir)
    vitals = None if _is_embedded(settings) else _vitals_keeper(settings, store)
    service = HistoryService(settings, session, store, health, share=share, watch=watch, vitals=vitals)
    _tell(settings, service, health)
    if vitals:
        vitals.tell(health)
    return service


def _session(settings: HistorySettings, health: Health, *, leaving: bool = False) -> MqttSession:
    share = _share(settings)
    name = f"meterkast-history-{settings.instance}"
    return MqttSession(
        settings.mqtt,
        client_id=f"{name}-{share.number}of{share.of}" if share else name,
        subscriptions=HistoryService.subscriptions(Topics(settings.mqtt.prefix)),
        health=health,
        leaving=leaving,
    )


def _share(settings: HistorySettings) -> Share | None:
    if settings.history.share is None:
        return None
    share = Share.parse(settings.history.share)
    if share.of > 1 and _is_embedded(settings):
        problem = f"history.share is {share}, but history is in SQLite, which has one writer"
        raise SettingsError([f"{problem}: name an InfluxDB in store.url, or leave history.share out"])
    return share


def _vitals_keeper(settings: HistorySettings, store: HistoryStore) -> VitalsKeeper:
    topics = Topics(settings.mqtt.prefix)
    session = MqttSession(
        settings.mqtt,
        client_id=f"meterkast-history-{settings.instance}-vitals",
        subscriptions=Vitals.subscriptions(topics),
        persistent=False,
        quiet=True,
    )
    vitals = Vitals(topics, DROPPED.inc, _share(settings))
    return VitalsKeeper(session, vitals, store, every_s=settings.history.vitals_every_s)


def _is_embedded(settings: HistorySettings) -> bool:
    return settings.store.place(settings.data_dir).startswith(SQLITE)


def _tell(settings: HistorySettings, service: HistoryService, health: Health) -> None:
    service.tell(health)
    health.figure("disk_free_bytes", lambda: shutil.disk_usage(settings.data_dir).free)
    if _is_embedded(settings):
        place = settings.store.place(settings.data_dir)
        health.figure("database_bytes", partial(_size, Path(place.removeprefix(SQLITE)).expanduser()))


def _size(database: Path) -> int:
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


def main() -> None:
    """Run the history service until it is told to stop."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="meterkast-history", description=__doc__, epilog=EPILOGUE, formatter_class=formatter
    )
    parser.add_argument(
        "--leave", action="store_true", help="write what still waits for this instance, end its session, and stop"
    )
    build = build_departure if parser.parse_args().leave else build_history
    settings = settings_or_exit(HistorySettings)
    health = Health("history", settings.instance)
    run_main(lambda: build(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
