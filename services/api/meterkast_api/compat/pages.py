"""DSMR-reader's lists: page by page, by limit and offset, in either order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Self
from urllib.parse import parse_qs, urlencode

from fastapi import Request
from meterkast_contracts.compat.wire import members, quoted
from meterkast_store.curve import FROM_SAMPLES_MS
from meterkast_store.history import MAX_POINTS, POWER_FIELDS, Sample
from starlette.datastructures import URL

from meterkast_api.compat.dial import MILLISECOND
from meterkast_api.history import HistoryReader
from meterkast_api.spans import Span

USUAL, MOST = 25, 10_000
LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for."""

    limit: int
    offset: int
    newest_first: bool
    url: URL

    @classmethod
    def of(cls, request: Request, ordered_by: str) -> Self:
        """Read it from the query; what makes no sense there is as if it were absent, as with the original."""
        query = request.query_params
        limit = min(_natural(query.get("limit")) or USUAL, MOST)
        return cls(limit, _natural(query.get("offset")), query.get("ordering") == f"-{ordered_by}", request.url)

    def within(self, count: int) -> slice:
        """Which of so many entries, counted from the oldest, are on the page."""
        start, end = min(self.offset, count), min(self.offset + self.limit, count)
        return slice(count - end, count - start) if self.newest_first else slice(start, end)

    def answer(self, count: int, oldest_first: Sequence[str]) -> str:
        """Return the page's entries with the addresses of the page after it and the one before."""
        entries = ",".join(oldest_first[::-1] if self.newest_first else oldest_first)
        after = self.offset + self.limit
        pairs = (
            ("count", str(count)),
            ("next", self._at(after) if after < count else "null"),
            ("previous", self._at(max(self.offset - self.limit, 0)) if self.offset else "null"),
            ("results", f"[{entries}]"),
        )
        return f"{{{members(pairs)}}}"

    def _at(self, offset: int) -> str:
        query = parse_qs(self.url.query, keep_blank_values=True)
        query |= {"limit": [str(self.limit)], "offset": [str(offset)]}
        if not offset:
            del query["offset"]
        return quoted(str(self.url.replace(query=urlencode(sorted(query.items()), doseq=True))))


async def sample_page(history: HistoryReader, gateway: str, page: Page, span: Span) -> tuple[int, list[Sample]]:
    """Return how many samples the span has, and those of the page, oldest first.

    History counts them in bins, so that only the page's bins are read. Over more than two days it counts by quarters
    of an hour, so that the first and the last quarter are counted whole.
    """
    first = await history.samples(gateway, *span, 1)
    if not first:
        return 0, []
    begin, end = first[0].measured_at, span[1] + MILLISECOND
    late = MILLISECOND if end - begin > FROM_SAMPLES_MS * MILLISECOND else timedelta()
    curve = await history.power(gateway, begin - late, end, MAX_POINTS, POWER_FIELDS)
    count = sum(one.count for one in curve.bins)
    wanted = page.within(count)
    bins = _holding(wanted, [(one.start, one.count) for one in curve.bins])
    if bins is None:
        return count, []
    start, last, before = bins
    until = last + timedelta(seconds=curve.step_s) - MILLISECOND + late
    skip = wanted.start - before
    found = await history.samples(gateway, start + late, until, skip + wanted.stop - wanted.start)
    kept = [sample for sample in found[skip:] if begin <= sample.measured_at < end]
    return count, kept


def _holding(wanted: slice, bins: Sequence[tuple[datetime, int]]) -> tuple[datetime, datetime, int] | None:
    """The starts of the first and last bin with wanted entries, and how many entries are before them."""
    ends = list(accumulate(count for _, count in bins))
    if wanted.start >= wanted.stop:
        return None
    first = next(index for index, end in enumerate(ends) if end > wanted.start)
    last = next(index for index, end in enumerate(ends) if end >= wanted.stop)
    return bins[first][0], bins[last][0], ends[first] - bins[first][1]


def _natural(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER else 0
