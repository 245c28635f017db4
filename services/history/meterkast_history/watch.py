"""What happens at each gateway, told from its readings where parsers share the telegrams."""

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from meterkast_contracts.events import events_between, marks_of, watched
from meterkast_contracts.messages import Event, Reading
from meterkast_store import StoreUnavailableError

from meterkast_history.share import Share

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Known:
    at: datetime
    marks: object
    reading: Reading


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a reading says: the events since the one before, and what to remember of it once it is written."""

    events: tuple[Event, ...] = ()
    mark: Reading | None = None


NOTHING = Sighting()


class Watch:
    """Compares each reading with its gateway's newest; keeps in a file what that one said, for after a restart.

    The file is written after the database and before the acknowledgement. What a killed writer is given again it
    therefore compares with what it compared it with before, and tells the same events.
    """

    def __init__(self, path: Path, share: Share) -> None:
        self._path = path
        self._version = share.number << 16 | share.of
        self._known: dict[str, _Known] = {}

    @property
    def gateways(self) -> list[str]:
        """The gateways seen so far."""
        return sorted(self._known)

    async def open(self) -> None:
        """Take up what an earlier run has kept, unless it wrote another share of the gateways."""
        for text in await asyncio.to_thread(self._load):
            reading = Reading.from_json(text)
            self._known[reading.gateway] = _Known(reading.measured_at or _NEVER, marks_of(reading), reading)

    def see(self, reading: Reading) -> Sighting:
        """Compare a reading with the newest before it; one that comes late says nothing."""
        at = reading.measured_at or reading.received_at or _NEVER
        marks = marks_of(reading)
        known = self._known.get(reading.gateway)
        if known is not None and at < known.at:
            return NOTHING
        if known is not None and marks == known.marks:
            known.at = at
            return NOTHING
        mark = watched(reading)
        self._known[reading.gateway] = _Known(at, marks, mark)
        return Sighting(tuple(events_between(known.reading, reading)) if known else (), mark)

    async def keep(self, marks: Iterable[Reading]) -> None:
        """Remember what was seen, durably before returning."""
        rows = [(mark.gateway, mark.to_json()) for mark in marks]
        if rows:
            await asyncio.to_thread(self._save, rows)

    def _load(self) -> list[bytes]:
        with self._opened() as file:
            (version,) = file.execute("PRAGMA user_version").fetchone()
            if version != self._version:
                file.execute("DROP TABLE IF EXISTS seen")
                file.execute("CREATE TABLE seen (gateway TEXT PRIMARY KEY, reading BLOB NOT NULL) WITHOUT ROWID")
                file.execute(f"PRAGMA user_version = {self._version}")
            return [text for (text,) in file.execute("SELECT reading FROM seen")]

    def _save(self, rows: list[tuple[str, bytes]]) -> None:
        with self._opened() as file:
            file.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", rows)

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path)) as file, file:
                yield file
        except (sqlite3.Error, OSError) as error:
            hint = "free some space, or check who may write there; if it is damaged, delete it"
            raise StoreUnavailableError("use", str(self._path), str(error), hint=hint) from error
