"""Energy in Grafana is energy in REST, to the watt-hour, also on the days when the clocks change."""

from datetime import UTC, datetime, timedelta

import pytest
from meterkast_store import HistoryStore, Period

from deploy.grafana.meterkast_dashboards.influxql import energy, volume
from tests.grafana.boards import AMSTERDAM, Span, filled
from tests.grafana.conftest import ONE_WORKER
from tests.grafana.houses import REGISTERS, SUMMER_TIME, WINTER_TIME, Database

pytestmark = ONE_WORKER
STEPS = {"1d": Period.DAY, "1h": Period.HOUR}
MS = timedelta(milliseconds=1)


def three_days(start: datetime) -> Span:
    """From the midnight after `start`, three days."""
    first = (start + timedelta(hours=3)).astimezone(AMSTERDAM).replace(hour=0, minute=0)
    return Span(first, first + timedelta(days=3) - MS)


def drawn(database: Database, query: str, gateway: str, when: Span) -> dict[datetime, float]:
    text = filled(query, when, {"gateway": gateway, "zone": "Europe/Amsterdam"})
    (series,) = database.ask("meterkast", text)
    return {datetime.fromtimestamp((at - 1) / 1000, UTC): value for at, value in series["values"]}


def sum_of(database: Database, query: str, gateway: str, when: Span) -> float:
    text = filled(query, when, {"gateway": gateway, "zone": "Europe/Amsterdam"})
    (series,) = database.ask("meterkast", text)
    ((_, total),) = series["values"]
    found: float = total
    return found


@pytest.mark.parametrize("kind", REGISTERS)
def test_a_time_that_begins_anywhere_has_all_its_energy(database: Database, kind: str) -> None:
    """The sum of the last so many hours is that of its bars, the first of which is a part of an hour or day."""
    days = three_days(WINTER_TIME)
    when = Span(days.start + timedelta(hours=7, minutes=13), days.end - timedelta(hours=5, minutes=4))
    sums = {per: sum(drawn(database, energy("import", per), kind, when).values()) for per in STEPS}
    total = sum_of(database, energy("import"), kind, when)
    assert total > 1000
    assert set(sums.values()) == {total}
    gas = sum(drawn(database, volume("gas", "1d"), kind, when).values())
    assert gas == pytest.approx(sum_of(database, volume("gas"), kind, when))


@pytest.mark.parametrize("per", STEPS)
@pytest.mark.parametrize("start", [SUMMER_TIME, WINTER_TIME], ids=["23 hours", "25 hours"])
@pytest.mark.parametrize("kind", REGISTERS)
async def test_bars_are_the_usage(
    database: Database, furnished: HistoryStore, kind: str, start: datetime, per: str
) -> None:
    """Each bar is the store's usage of that hour or day, whichever registers the meter has."""
    when = three_days(start)
    async with furnished as store:
        usage = await store.usage(kind, when.start, when.end, STEPS[per], AMSTERDAM)
    expected = 3 if per == "1d" else (when.end + MS - when.start.astimezone(UTC)) // timedelta(hours=1)
    assert len(usage.rows) == expected
    assert not usage.holes
    for way in ("import", "export"):
        known = {row.start: row.values[name] for row in usage.rows if (name := f"energy_{way}_wh") in row.values}
        if not known:
            continue
        assert drawn(database, energy(way, per), kind, when) == known
        assert sum_of(database, energy(way), kind, when) == sum(known.values())
    gas = {row.start: row.values["gas_l"] / 1000 for row in usage.rows}
    assert drawn(database, volume("gas", per), kind, when) == gas
