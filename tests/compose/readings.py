"""Which readings of the simulated house history holds."""

import csv
import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx

from tests.compose.project import eventually

SECOND = timedelta(seconds=1)


def taken(client: httpx.Client, begin: datetime, end: datetime) -> list[datetime]:
    """When readings were taken in a span; none while the API is away."""
    span = {"from": begin.isoformat(), "to": end.isoformat()}
    try:
        answer = client.get("/api/v1/meters/simulator/samples.csv", params=span)
    except httpx.TransportError:
        return []
    if answer.status_code != httpx.codes.OK:
        return []
    rows = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    column = next(rows).index("measured_at")
    return [datetime.fromisoformat(row[column]) for row in rows]


def first_since(client: httpx.Client, moment: datetime) -> datetime:
    """Wait for a reading that was taken after a moment."""
    return eventually(
        lambda: next(iter(taken(client, moment, datetime.now(UTC) + SECOND)), None), what="a reading from now on"
    )


def check_unbroken(client: httpx.Client, begin: datetime, *, away: tuple[datetime, datetime] | None = None) -> None:
    """Fail where the reading of any second from the beginning until now is missing; none are due while away."""
    end = datetime.now(UTC)
    first_since(client, end)
    times = taken(client, begin, end)
    assert times[0] - begin <= SECOND
    assert end - times[-1] <= 2 * SECOND
    gaps = [(earlier, later) for earlier, later in pairwise(times) if later - earlier != SECOND]
    first, last = away or (end, end)
    assert not [gap for gap in gaps if gap[0] < first - 2 * SECOND or gap[1] > last + SECOND], (gaps, away)
