"""Parts that crash come back by themselves, and nothing is lost."""

import csv
import io
from datetime import UTC, datetime, timedelta

import httpx

from tests.compose.project import Project, eventually

SECOND = timedelta(seconds=1)


def test_every_part_crashes(project: Project) -> None:
    """Each container's process is killed in its turn and comes back healthy; of the seconds meanwhile none is missing."""
    project.crash("simulator")
    with project.client() as client:
        crashed = datetime.now(UTC)
        began = eventually(lambda: _newest_since(client, crashed), what="a reading after the reader's crash")
        for service in ("mosquitto", "parser", "history", "api", "console", "proxy"):
            project.crash(service)
        project.wait_healthy(project.services())
        ended = datetime.now(UTC)
        eventually(lambda: _newest_since(client, ended), what="a reading after the last crash")
        times = _times(client, began, ended)
    assert times[0] - began <= SECOND
    assert ended - times[-1] <= 2 * SECOND
    assert {later - earlier for earlier, later in zip(times, times[1:], strict=False)} == {SECOND}


def _newest_since(client: httpx.Client, begin: datetime) -> datetime | None:
    times = _times(client, begin, datetime.now(UTC) + SECOND)
    return times[-1] if times else None


def _times(client: httpx.Client, begin: datetime, end: datetime) -> list[datetime]:
    """When the readings of the simulated house were taken."""
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
