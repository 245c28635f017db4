"""What a file holds, in order of time: a temporary database, so that neither size nor order of a file matters."""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Self

import orjson
from meterkast_store.history import ELECTRICITY
from meterkast_store.period import HOUR_MS

from meterkast_api.imports.record import KINDS, Amounts, Records, Refusal, Standings

ROWS_AT_ONCE = 5_000
SHOWN = 100
LONG_AGO_MS = 946_771_200_000
"""2000-01-02: clocks that were never set begin on the first."""
_SCHEMA = """\
CREATE TABLE standing (kind TEXT, at INTEGER, start INTEGER, line INTEGER, part TEXT, registers BLOB);
CREATE TABLE amount (kind TEXT, start INTEGER, finish INTEGER, line INTEGER, registers BLOB);"""


class Refused:
    """Lines that are left out: all of them counted, the first hundred named."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[Refusal] = []

    def add(self, line: int, reason: str) -> None:
        """Note one."""
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append(Refusal(line, reason))


class Staging:
    """The records of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.rows = 0
        self.refused = Refused()

    def __enter__(self) -> Self:
        """Make the database."""
        self._connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(_SCHEMA)
        return self

    def __exit__(self, *exc: object) -> None:
        """Close it; the file is the folder's to remove."""
        self._connection.close()

    def fill(self, records: Records, *, latest: int) -> None:
        """Take all of a parser's records but those of times that cannot be, later than `latest` (Unix ms)."""
        line = 0
        standings: list[tuple[object, ...]] = []
        amounts: list[tuple[object, ...]] = []
        for record in records:
            self.rows += record.line != line
            line = record.line
            if isinstance(record, Refusal):
                self.refused.add(record.line, record.reason)
            elif not record.start > LONG_AGO_MS or (isinstance(record, Amounts) and record.end > latest):
                self.refused.add(record.line, "its time cannot be")
            elif isinstance(record, Standings):
                standings += [(k, record.at, record.start, line, record.part, r) for k, r in _kinds(record.registers)]
            else:
                amounts += [(kind, record.start, record.end, line, r) for kind, r in _kinds(record.values)]
            if len(standings) + len(amounts) >= ROWS_AT_ONCE:
                self._insert(standings, amounts)
        self._insert(standings, amounts)
        self._drop_running()
        self._drop_future(latest)
        self._connection.execute("CREATE INDEX standing_by_time ON standing (kind, at, start DESC, line DESC)")
        self._connection.execute("CREATE INDEX amount_by_time ON amount (kind, start, finish, line)")

    def add(self, kind: str, found: Iterable[Standings]) -> None:
        """Put registers that were worked out beside those of the file."""
        rows: list[tuple[object, ...]] = [
            (kind, one.at, one.start, one.line, one.part, orjson.dumps(one.registers)) for one in found
        ]
        self._insert(rows, [])

    def kinds(self) -> list[str]:
        """What kinds of meters the file has."""
        sql = "SELECT kind FROM standing UNION SELECT kind FROM amount ORDER BY kind"
        return [kind for (kind,) in self._connection.execute(sql)]

    def span_of_amounts(self, kind: str) -> tuple[int, int] | None:
        """Return when the first amount begins and the last one ends."""
        sql = "SELECT min(start), max(finish) FROM amount WHERE kind = ?"
        start, end = self._connection.execute(sql, (kind,)).fetchone()
        return None if start is None else (start, end)

    def standings(self, kind: str) -> Iterator[Standings]:
        """Yield registers in order of time, one for each instant: that of the shortest period, the last of several."""
        sql = "SELECT line, at, start, registers FROM standing WHERE kind = ? ORDER BY at, start DESC, line DESC"
        taken = (0, None, 0, b"")
        for row in self._connection.execute(sql, (kind,)):
            line, at, start, registers = row
            if at != taken[1]:
                taken = row
                yield Standings(line, at, start, orjson.loads(registers))
            elif registers != taken[3]:
                self.refused.add(line, f"line {taken[0]} says otherwise for the same time")

    def neighbours(self, kind: str, at: int) -> tuple[Standings | None, Standings | None]:
        """Return the last registers up to a time and the first after it."""
        columns = "SELECT line, at, start, registers FROM standing WHERE kind = ? AND"
        before = self._connection.execute(f"{columns} at <= ? ORDER BY at DESC, start DESC LIMIT 1", (kind, at))
        after = self._connection.execute(f"{columns} at > ? ORDER BY at, start DESC LIMIT 1", (kind, at))
        found = [
            None if row is None else Standings(row[0], row[1], row[2], orjson.loads(row[3]))
            for row in (before.fetchone(), after.fetchone())
        ]
        return found[0], found[1]

    def amounts(self, kind: str) -> Iterator[Amounts]:
        """Yield amounts in order of time, none of them reaching into the one before."""
        sql = "SELECT line, start, finish, registers FROM amount WHERE kind = ? ORDER BY start, finish, line"
        end, before = 0, (0, 0, b"")
        for line, start, finish, values in self._connection.execute(sql, (kind,)):
            if start < end:
                if (start, finish, values) != before:
                    self.refused.add(line, "another line has what was used in the same time")
                continue
            end, before = finish, (start, finish, values)
            yield Amounts(line, start, finish, orjson.loads(values))

    def _insert(self, standings: list[tuple[object, ...]], amounts: list[tuple[object, ...]]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO standing VALUES (?, ?, ?, ?, ?, ?)", standings)
        self._connection.executemany("INSERT INTO amount VALUES (?, ?, ?, ?, ?)", amounts)
        self._connection.execute("COMMIT")
        standings.clear()
        amounts.clear()

    def _drop_running(self) -> None:
        sql = "SELECT part, max(start) FROM standing WHERE part != '' GROUP BY part"
        for part, start in self._connection.execute(sql).fetchall():
            self._drop("part = ? AND start = ?", (part, start), "its period was still running when the file was made")

    def _drop_future(self, latest: int) -> None:
        self._drop("at > ?", (latest,), "it lies in the last hour or later: that is left to the running pipeline")

    def _drop(self, where: str, bound: tuple[object, ...], reason: str) -> None:
        sql = f"DELETE FROM standing WHERE {where} RETURNING line"  # noqa: S608 - conditions of ours
        for line in sorted({line for (line,) in self._connection.execute(sql, bound)}):
            self.refused.add(line, reason)


def _kinds(registers: Mapping[str, int]) -> Iterator[tuple[str, bytes]]:
    """Give the registers of each kind of meter."""
    electricity = {name: value for name, value in registers.items() if name not in KINDS}
    if electricity:
        yield ELECTRICITY, orjson.dumps(electricity)
    for name, kind in KINDS.items():
        if name in registers:
            yield kind, orjson.dumps({name: registers[name]})


def is_loose(one: Standings) -> bool:
    """Whether registers are of a period so long that they moved within it at times not known."""
    return one.at - one.start > HOUR_MS
