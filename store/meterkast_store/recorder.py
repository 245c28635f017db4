"""From a batch to the rows that must be written: the same rows in whatever order, and however often, readings come."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from meterkast_store import quarter
from meterkast_store.history import Batch
from meterkast_store.instants import QUARTER_MS, quarter_of
from meterkast_store.rows import Field, Row, Series, Shelf, Table
from meterkast_store.sampling import RECEIVED, event_row, mbus_row, sample_row

LONG_AGO = -(2**53)
FAR_AHEAD = 2**53
TOMBSTONES_IN_A_ROW = 50


@dataclass(slots=True)
class Draft:
    """Rows as they will be once written: what the backend has under what is to be written."""

    rows: Shelf
    tails: dict[Series, Row | None]
    written: dict[Series, dict[int, Row]] = field(default_factory=lambda: defaultdict(dict))

    async def learn(self, series: Iterable[Series]) -> None:
        """Ask for the newest rows of many series together, of those that are not yet known."""
        unknown = [one for one in dict.fromkeys(series) if one not in self.tails]
        if unknown:
            self.tails.update(zip(unknown, await self.rows.newest(unknown), strict=True))

    async def tail(self, series: Series) -> Row | None:
        """Return the newest row of a series."""
        if series not in self.tails:
            found = await self.rows.between(series, LONG_AGO, FAR_AHEAD, limit=1, newest=True)
            self.tails[series] = found[0] if found else None
        return self.tails[series]

    async def begins(self, series: Series, boundary: int) -> bool:
        """Whether nothing stands at this quarter's boundary or later: then none of its samples are stored either."""
        tail = await self.tail(series)
        return tail is None or tail.at <= boundary - QUARTER_MS

    async def get(self, series: Series, at: int) -> Row | None:
        """Return the row at a time."""
        if at in self.written[series]:
            return self.written[series][at]
        tail = await self.tail(series)
        if tail is None or tail.at <= at:
            return tail if tail is not None and tail.at == at else None
        return next(iter(await self.rows.at(series, [at])), None)

    async def before(self, series: Series, at: int) -> Row | None:
        """Return the last live row before a time."""
        tail = await self.tail(series)
        if tail is None or (tail.at < at and quarter.is_alive(tail)):
            return tail
        limit = TOMBSTONES_IN_A_ROW + len(self.written[series])
        stored = await self.rows.between(series, LONG_AGO, at - 1, limit=limit, newest=True)
        found = self._over(stored, series, LONG_AGO, at - 1)
        return found[-1] if found else None

    async def after(self, series: Series, at: int) -> Row | None:
        """Return the first live row after a time."""
        tail = await self.tail(series)
        if tail is None or tail.at <= at:
            return None
        limit = TOMBSTONES_IN_A_ROW + len(self.written[series])
        stored = await self.rows.between(series, at, FAR_AHEAD, limit=limit)
        found = self._over(stored, series, at, FAR_AHEAD)
        return found[0] if found else None

    async def between(self, series: Series, after: int, until: int) -> list[Row]:
        """Return the live rows of a stretch."""
        return self._over(await self.rows.between(series, after, until), series, after, until)

    def put(self, row: Row) -> None:
        """Have a row written."""
        self.written[row.series][row.at] = row
        tail = self.tails.get(row.series)
        if tail is None or tail.at <= row.at:
            self.tails[row.series] = row.lean()

    def _over(self, stored: Iterable[Row], series: Series, after: int, until: int) -> list[Row]:
        merged = {row.at: row for row in stored}
        merged |= {at: row for at, row in self.written[series].items() if after < at <= until}
        return quarter.live([merged[at] for at in sorted(merged)])


class Recorder:
    """Works out what a batch changes; remembers each series' newest row, so that the usual case reads nothing."""

    def __init__(self, rows: Shelf) -> None:
        self._rows = rows
        self._tails: dict[Series, Row | None] = {}

    async def record(self, batch: Batch) -> None:
        """Write a batch; after an error nothing is remembered of it."""
        draft = Draft(self._rows, self._tails)
        self._tails = {}
        samples = _by_series(sample_row(sample) for sample in batch.samples)
        mbus = [mbus_row(sample) for sample in batch.mbus]
        quarters = {series: Series(Table.QUARTER, series.gateway, series.name) for series in samples}
        await draft.learn([*quarters.values(), *(row.series for row in mbus)])
        for series, rows in samples.items():
            await self._quarters(draft, quarters[series], rows)
        for row in mbus:
            await self._mbus(draft, row)
        changed = [row for rows in draft.written.values() for row in rows.values()]
        logged = [row for rows in samples.values() for row in rows.values()]
        await self._rows.put([*logged, *changed, *map(event_row, batch.events)])
        self._tails = draft.tails

    async def _quarters(self, draft: Draft, series: Series, samples: dict[int, Row]) -> None:
        quarters: dict[int, list[Row]] = defaultdict(list)
        for at in sorted(samples):
            quarters[quarter_of(at)].append(samples[at])
        for boundary, arrived in quarters.items():
            current = await draft.get(series, boundary)
            group = await self._fresh(current, arrived)
            if not group:
                continue
            grown = _grow(current, group)
            if grown is not None:
                draft.put(grown)
                continue
            begins = await draft.begins(series, boundary)
            stored = group if begins else await _samples(self._rows, group, boundary)
            rows = quarter.summarise(series, boundary, stored)
            if current is not None and quarter.samples_in(rows[-1]) < quarter.samples_in(current):
                continue  # retention took samples of this quarter: what was made of all of them stands
            await self._replace(draft, boundary, current, rows)

    async def _fresh(self, current: Row | None, arrived: list[Row]) -> list[Row]:
        """Leave out what is already stored just so: where the sample is, the quarter with it is."""
        if current is None or arrived[0].at > quarter.measured_at(current):
            return arrived
        times = [row.at for row in arrived]
        stored = {row.at: _content(row) for row in await self._rows.at(arrived[0].series, times)}
        return [row for row in arrived if stored.get(row.at) != _content(row)]

    async def _replace(self, draft: Draft, boundary: int, current: Row | None, rows: list[Row]) -> None:
        series = rows[0].series
        if current is not None:
            fresh = {row.at for row in rows}
            for old in await draft.between(series, boundary - QUARTER_MS, boundary):
                if old.at not in fresh:
                    draft.put(quarter.tombstone(old))
        before = await draft.before(series, boundary - QUARTER_MS + 1)
        for row in rows:
            reset = before is not None and _backwards(before, row)
            stood = await draft.get(series, row.at)
            draft.put(quarter.instead_of(stood, quarter.flagged(row, reset=reset)))
            before = row
        await _flag_next(draft, rows[-1])

    async def _mbus(self, draft: Draft, row: Row) -> None:
        current = await draft.get(row.series, row.at)
        known = () if current is None else (current,)
        first, last = min((*known, row), key=quarter.first_measured_at), max((*known, row), key=_rank)
        if first is current is last:
            return
        before = await draft.before(row.series, row.at)
        row = quarter.flagged(last, reset=before is not None and _backwards(before, last))
        if before is None or row.number("reset"):
            row = quarter.since(row, first)
        draft.put(quarter.instead_of(current, row))
        await _flag_next(draft, row)


async def _flag_next(draft: Draft, row: Row) -> None:
    following = await draft.after(row.series, row.at)
    if following is not None:
        flagged = quarter.flagged(following, reset=_backwards(row, following))
        if flagged is not following:
            draft.put(flagged)


def _backwards(before: Row, row: Row) -> bool:
    return quarter.runs_backwards(quarter.registers_of(before), quarter.first_registers_of(row))


def _content(row: Row) -> dict[str, Field]:
    return {name: value for name, value in row.fields.items() if name != RECEIVED}


def _rank(row: Row) -> tuple[int, list[tuple[str, int]]]:
    return quarter.measured_at(row), sorted(quarter.registers_of(row).items())


def _grow(current: Row | None, group: Sequence[Row]) -> Row | None:
    row = current
    for sample in group:
        if row is None:
            return None
        row = quarter.extend(row, sample)
    return row


async def _samples(rows: Shelf, group: Sequence[Row], boundary: int) -> list[Row]:
    stored = await rows.between(group[0].series, boundary - QUARTER_MS, boundary)
    merged = {row.at: row for row in (*stored, *group)}
    return [merged[at] for at in sorted(merged)]


def _by_series(rows: Iterable[Row]) -> dict[Series, dict[int, Row]]:
    result: dict[Series, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        result[row.series][row.at] = row
    return result
