"""`meterkast-history`: keeps every reading, and a snapshot of the registers at each quarter of an hour."""

import argparse
import shutil
from functools import partial
from pathlib import Path

from meterkast_contracts.topics import Topics
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import settings_or_exit
from meterkast_store import HistoryStore, open_store

from meterkast_history.service import HistoryService
from meterkast_history.settings import HistorySettings
from meterkast_history.vitals import Vitals
from meterkast_history.vitals_keeper import DROPPED, VitalsKeeper

SQLITE = "sqlite:///"
EPILOGUE = """\
Settings come from METERKAST_… variables and meterkast.toml, for example:

  [store]
  url = "influxdb://localhost:8086/meterkast"   # absent: history.sqlite in the data folder
  token = "…"                                   # or username and password
  retention_days = 90                           # readings; quarter-hour snapshots are kept for ever

While the database is away, readings wait at the broker.
"""


def build_history(settings: HistorySettings, health: Health) -> HistoryService:
    """Build the service with its session and store."""
    session = MqttSession(
        settings.mqtt,
        client_id=f"meterkast-history-{settings.instance}",
        subscriptions=HistoryService.subscriptions(Topics(settings.mqtt.prefix)),
        health=health,
    )
    store = open_store(settings.store, settings.data_dir)
    place = settings.store.place(settings.data_dir)
    embedded = place.startswith(SQLITE)
    vitals = None if embedded else _vitals_keeper(settings, store)
    service = HistoryService(settings, session, store, health, vitals)
    service.tell(health)
    health.figure("disk_free_bytes", lambda: shutil.disk_usage(settings.data_dir).free)
    if vitals:
        vitals.tell(health)
    else:
        health.figure("database_bytes", partial(_size, Path(place.removeprefix(SQLITE)).expanduser()))
    return service


def _vitals_keeper(settings: HistorySettings, store: HistoryStore) -> VitalsKeeper:
    """Build what keeps how gateways and services do; SQLite, the database of one house, is spared it."""
    topics = Topics(settings.mqtt.prefix)
    session = MqttSession(
        settings.mqtt,
        client_id=f"meterkast-history-{settings.instance}-vitals",
        subscriptions=Vitals.subscriptions(topics),
        persistent=False,
        quiet=True,
    )
    return VitalsKeeper(session, Vitals(topics, DROPPED.inc), store, every_s=settings.history.vitals_every_s)


def _size(database: Path) -> int:
    return sum(file.stat().st_size for file in database.parent.glob(f"{database.name}*"))


def main() -> None:
    """Run the history service until it is told to stop."""
    formatter = argparse.RawDescriptionHelpFormatter
    argparse.ArgumentParser(
        prog="meterkast-history", description=__doc__, epilog=EPILOGUE, formatter_class=formatter
    ).parse_args()
    settings = settings_or_exit(HistorySettings)
    health = Health("history", settings.instance)
    run_main(lambda: build_history(settings, health), settings=settings, health=health)


if __name__ == "__main__":
    main()
