"""*House now*: what happens at this moment, and today."""

from grafana_foundation_sdk.models.dashboard import Dashboard, Panel

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import energy, events, gauge, newest, volume
from deploy.grafana.meterkast_dashboards.page import Page, gateway, page, zone
from deploy.grafana.meterkast_dashboards.panels import About, bars, curve, figure, listing
from deploy.grafana.meterkast_dashboards.sources import lines, rows

PAGE = Page(
    uid="meterkast-house",
    title="House now",
    says="Power at this moment, by phase, and what today has used so far.",
    start="now-6h",
    refresh="10s",
)
EVENTS = (
    "power_failure", "voltage_sag", "voltage_swell", "tariff_switch", "meter_replaced", "clock_wrong", "gap", "message",
)  # fmt: skip
SILENT = "No reading in this time: is the gateway online? See the dashboard Fleet."
BOTH = {"Import": colours.IMPORT, "Export": colours.EXPORT}


def house() -> Dashboard:
    """The dashboard."""
    figures = [
        figure(
            About(
                title="Power now", says="The newest reading: power from the grid (import) and to it (export).",
                unit="watt", empty=SILENT, width=8, height=5, colours=BOTH,
            ),
            lines(("Import", newest("power_import_w")), ("Export", newest("power_export_w"))),
        ),
        figure(
            About(
                title="Today", says="Energy since midnight, from the meter's registers at quarter-hour boundaries.",
                unit="watth", empty="Nothing since midnight yet.", width=8, height=5, since="now/d", colours=BOTH,
            ),
            lines(("Import", energy("import")), ("Export", energy("export"))),
        ),
        figure(
            About(
                title="Gas and water today", says="What M-Bus meters counted since midnight; most tell once an hour.",
                unit="m3", decimals=3, empty="No gas or water meter has told anything since midnight.",
                width=8, height=5, since="now/d", colours={"Gas": colours.GAS, "Water": colours.WATER},
            ),
            lines(("Gas", volume("gas")), ("Water", volume("water"))),
        ),
    ]  # fmt: skip
    return page(PAGE, [gateway(), zone()], [*figures, *_curves()], marks=True)


def _curves() -> list[Panel]:
    by_phase = [
        (f"{sign}L{phase}", gauge(f"power_{way}_l{phase}_w", "mean"))
        for way, sign in (("import", ""), ("export", "Export "))
        for phase in (1, 2, 3)
    ]
    colours_of = {f"{sign}L{n}": colours.PHASES[n - 1] for sign in ("", "Export ") for n in (1, 2, 3)}
    return [
        curve(
            About(
                title="Power", says="Mean power from the grid and to it.", unit="watt", empty=SILENT, colours=BOTH,
            ),
            lines(("Import", gauge("power_import_w", "mean")), ("Export", gauge("power_export_w", "mean"))),
            interval="10s", fill=20,
        ),
        bars(
            About(
                title="Today by the hour", says="Energy of each hour since midnight, exact to the watt-hour.",
                unit="watth", empty="Nothing since midnight yet.", width=12, since="now/d", colours=BOTH,
            ),
            lines(("Import", energy("import", "1h")), ("Export", energy("export", "1h"))),
        ),
        curve(
            About(
                title="Power by phase", says="Mean power of each phase; export is drawn beside import.",
                unit="watt", empty="This meter tells no power of single phases.", width=12, colours=colours_of,
            ),
            lines(*by_phase), interval="10s",
        ),
        curve(
            About(
                title="Quarter-hour demand",
                says="Running demand of the quarter and the highest of this month, which the capacity tariff goes by.",
                unit="watt", empty="This meter tells no demand; Belgian meters do.", width=12,
                colours={"Running": colours.IMPORT, "Peak of the month": colours.ALARM},
            ),
            lines(("Running", gauge("demand_import_w", "max")), ("Peak of the month", gauge("peak_import_w", "max"))),
            interval="10s", step=True,
        ),
        listing(
            About(
                title="Events", says="What happened at this meter: failures, sags, tariff switches, holes in the data.",
                unit="none", empty="Nothing happened in this time.", width=12,
            ),
            rows(events(EVENTS)),
            looks={"Time": {"custom.width": 170}, "kind": {"displayName": "Kind", "custom.width": 130},
                   "text": {"displayName": "What happened"}},
        ),
    ]  # fmt: skip
