"""*Quality of supply*: voltage within its band, sags, swells and failures."""

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import count_of, events, extreme, gauge, spread
from deploy.grafana.meterkast_dashboards.page import Page, gateway, page
from deploy.grafana.meterkast_dashboards.panels import About, curve, figure, listing
from deploy.grafana.meterkast_dashboards.sources import InfluxQuery, lines, rows

LOWEST_V, HIGHEST_V = 207, 253
"""230 V ± 10 %, EN 50160 paragraph 4.2.2."""
BAND = ((None, colours.ALARM), (LOWEST_V, colours.WELL), (HIGHEST_V, colours.ALARM))
PHASES = (1, 2, 3)
PAGE = Page(
    uid="meterkast-quality",
    title="Quality of supply",
    says="Voltage of each phase between 207 and 253 V, and what the meter and the gateway noted of the supply.",
    start="now-7d",
    ranges=(("Week", "now-7d", "now"), ("Month", "now-30d", "now"), ("Year", "now-1y", "now")),
)
NO_VOLTAGE = "This meter tells no voltage, or told nothing in this time."
SHADES = {f"L{phase}": colours.PHASES[phase - 1] for phase in PHASES}


def quality() -> Dashboard:
    """The dashboard."""
    return page(PAGE, [gateway()], [*_voltages(), *_events(), *_currents()], marks=True)


def _by_phase(function: str) -> list[InfluxQuery]:
    return lines(*((f"L{phase}", spread(f"voltage_l{phase}_v", function)) for phase in PHASES))


def _extreme(title: str, function: str, says: str) -> Panel:
    queries = lines(*((f"L{phase}", extreme(f"voltage_l{phase}_v", function)) for phase in PHASES))
    about = About(title=title, says=says, unit="volt", empty=NO_VOLTAGE, width=12, height=5, decimals=1, steps=BAND)
    return figure(about, queries)


def _voltages() -> list[Panel]:
    said = "of each quarter of an hour; the lines are 207 and 253 V (230 V ± 10 %)."
    return [
        _extreme("Lowest voltage", "min", "The lowest reading of the time shown."),
        _extreme("Highest voltage", "max", "The highest reading of the time shown."),
        *(
            curve(
                About(title=title, says=f"{word} {said}", unit="volt", empty=NO_VOLTAGE, width=width, decimals=1,
                      steps=BAND, colours=SHADES),
                _by_phase(function), interval="15m", soft=(200, 260),
            )
            for title, word, function, width in (
                ("Mean voltage", "The mean", "mean", 24),
                ("Lowest voltage over time", "The lowest", "min", 12),
                ("Highest voltage over time", "The highest", "max", 12),
            )
        ),
    ]  # fmt: skip


def _events() -> list[Panel]:
    counted = (("Sags", "voltage_sag"), ("Swells", "voltage_swell"), ("Failures", "power_failure"))
    return [
        figure(
            About(title="Sags, swells and failures", says="How many of each were noted in the time shown.", unit="none",
                  empty="None", width=8, height=9, decimals=0),
            lines(*((name, count_of(kind)) for name, kind in counted)),
        ),
        listing(
            About(title="What was noted", says="Sags, swells and power failures, the newest first.", unit="none",
                  empty="No sag, swell or failure in this time.", width=16, height=9),
            rows(events([kind for _, kind in counted])),
            looks={"Time": {"custom.width": 170}, "kind": {"displayName": "Kind", "custom.width": 130},
                   "text": {"displayName": "What happened"}},
        ),
    ]  # fmt: skip


def _currents() -> list[Panel]:
    currents = ((f"L{phase}", gauge(f"current_l{phase}_a", "max")) for phase in PHASES)
    return [
        curve(
            About(title="Current", says="The highest current of each phase; compare it with your main fuse.",
                  unit="amp", empty="This meter tells no current, or readings of this time are no longer kept.",
                  width=12, colours=SHADES),
            lines(*currents), interval="10s",
        ),
        curve(
            About(title="Frequency", says="Frequency of the grid; few meters tell it.", unit="hertz", decimals=3,
                  empty="This meter tells no frequency.", width=12),
            lines(("Frequency", gauge("frequency_hz", "mean"))), interval="10s",
        ),
    ]  # fmt: skip
