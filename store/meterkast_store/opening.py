"""From settings to a history store."""

from datetime import timedelta
from pathlib import Path

from meterkast_store.book import Book
from meterkast_store.errors import StoreSettingsError
from meterkast_store.history import HistoryStore
from meterkast_store.influx_place import SCHEMES, influx_place
from meterkast_store.rows import Rows
from meterkast_store.settings import StoreSettings
from meterkast_store.sqlite import SqliteRows

SQLITE = "sqlite:///"


def open_store(settings: StoreSettings, data_dir: Path) -> HistoryStore:
    """Return the store that the settings name, to be entered with `async with`."""
    return Book(
        open_rows(settings, settings.place(data_dir)),
        retention=timedelta(days=settings.retention_days),
        tolerance=timedelta(seconds=settings.boundary_tolerance_s),
    )


def open_rows(settings: StoreSettings, place: str) -> Rows:
    """Return the backend that is at a place."""
    if place.startswith(SQLITE) and (path := place.removeprefix(SQLITE)):
        return SqliteRows(Path(path).expanduser())
    if place.partition("://")[0] in SCHEMES:
        from meterkast_store.influx import InfluxRows  # noqa: PLC0415 - a house with SQLite need not load it

        return InfluxRows(influx_place(settings, place))
    raise StoreSettingsError(
        "use the history at", place, "its url is of no known kind",
        hint="write [store] url as sqlite:///path/history.sqlite or influxdb://host:8086/database",
    )  # fmt: skip
