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
