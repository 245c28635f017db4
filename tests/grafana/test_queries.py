"""Every query that a dashboard holds, on a real InfluxDB."""

import pytest

from tests.grafana.boards import Ask, asks, dashboards
from tests.grafana.conftest import ONE_WORKER
from tests.grafana.houses import HOME, NOW, Database

pytestmark = ONE_WORKER
VALUES = {"gateway": HOME, "zone": "Europe/Amsterdam", "per": "1d", "instance": "(main)", "name": ""}
ASKS = [ask for name, board in dashboards().items() for ask in asks(name, board, NOW, VALUES)]
BOUNDS = {
    "volt": (200, 260), "watt": (0, 20_000), "watth": (0, 10_000_000), "m3": (0, 10_000), "amp": (0, 80),
    "hertz": (49, 51), "s": (0, 1000), "cps": (0, 1000), "bytes": (0, 1e12), "percentunit": (0, 100),
}  # fmt: skip
"""What a house or a service can have, by unit: a factor of a thousand is outside."""


@pytest.mark.parametrize("ask", ASKS, ids=[ask.where for ask in ASKS])
def test_every_query_gives_data(database: Database, ask: Ask) -> None:
    """Each query of panels, variables and annotations finds what the house has, as numbers of the panel's unit."""
    series = database.ask(ask.uid, ask.text)
    rows = [row for one in series for row in one["values"]]
    assert rows, ask.text
    if ask.shape == "table" or "SHOW" in ask.text:
        return
    values = [value for row in rows for value in row[1:] if value is not None]
    assert values, ask.text
    lowest, highest = BOUNDS.get(ask.unit, (0, 1e9))
    assert all(isinstance(value, int | float) and lowest <= value <= highest for value in values), values[:9]


def test_every_unit_is_checked() -> None:
    """Each panel of numbers over time has a unit whose sane values are known, or counts."""
    assert {ask.unit for ask in ASKS if ask.shape == "time_series"} <= {*BOUNDS, "none"}


def table(database: Database, where: str) -> list[dict[str, object]]:
    (ask,) = [ask for ask in ASKS if ask.where == where]
    return [
        dict(zip(one["columns"], row, strict=True)) for one in database.ask(ask.uid, ask.text) for row in one["values"]
    ]


def test_the_fleet_tells_the_silent_from_the_well(database: Database) -> None:
    """The table has a row for each gateway with what was told last; what was never told is absent."""
    rows = {row["gateway"]: row for row in table(database, "fleet: All gateways A")}
    home, shed = rows[HOME], rows["shed"]
    assert (home["Last reading"], home["Online"], home["Signal"], home["CRC errors"]) == (4, 1, -61, 6)
    assert (shed["Online"], shed["Signal"], shed["Telegrams"]) == (0, None, None)
    assert shed["Last reading"] == 5000 + 30 * 60


def test_each_service_has_its_state(database: Database) -> None:
    """The table of services has a row for each process, with the name of each."""
    rows = table(database, "itself: Services A")
    assert {row["service"] for row in rows} == {"reader", "parser", "history", "api", "console"}
    assert all((row["instance"], row["State"]) == ("main", 1) for row in rows)


def test_marks_are_the_events_of_the_gateway(database: Database) -> None:
    """An event on a curve has its sentence, and its kind as a tag."""
    for where in ("house: Events", "quality: Events"):
        (row,) = [row for row in table(database, where) if row["kind"] == "voltage_sag"]
        assert row["text"] == "There was a voltage_sag."
