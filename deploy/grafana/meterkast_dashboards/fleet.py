"""*Fleet*: every gateway, the silent ones first."""

from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, Panel
from meterkast_history.vitals import SILENT_AFTER_S

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import last_of, sum_now, sum_of_rates, sum_over_time
from deploy.grafana.meterkast_dashboards.page import Page, Variable, named, page
from deploy.grafana.meterkast_dashboards.panels import About, curve, figure, listing
from deploy.grafana.meterkast_dashboards.sources import lines, rows

RECENT = "10m"
PAGE = Page(
    uid="meterkast-fleet",
    title="Fleet",
    says="All gateways: who is silent, how old the last reading is, signal and line errors.",
    start="now-24h",
    refresh="1m",
)
NOBODY = "No gateway is known yet. This needs InfluxDB, and a history service that may read dsmr/+/device."
DRILL = {"title": "Show this house", "url": "/d/meterkast-house?var-gateway=${__value.raw}"}


def fleet() -> Dashboard:
    """The dashboard."""
    return page(PAGE, [_name()], [*_numbers(), _table(), *_over_time()])


def _name() -> Variable:
    return named("name", "Name contains", "A part of the gateways' names; empty for all.")


def _numbers() -> list[Panel]:
    silent = ((None, colours.WELL), (1, colours.ALARM))
    return [
        figure(
            About(title="Gateways", says="How many gateways have ever sent a reading.", unit="none", empty=NOBODY,
                  width=8, height=4, since=RECENT, decimals=0),
            lines(("Gateways", sum_now("gateways", "history"))),
        ),
        figure(
            About(title="Online", says="Gateways that say they are online.", unit="none", empty=NOBODY, width=8,
                  height=4, since=RECENT, decimals=0, colours={"Online": colours.WELL}),
            lines(("Online", sum_now("gateways_online", "history"))),
        ),
        figure(
            About(title="Silent", says="Gateways whose last reading is more than ten minutes old.", unit="none",
                  empty=NOBODY, width=8, height=4, since=RECENT, decimals=0, steps=silent),
            lines(("Silent", sum_now("gateways_silent", "history"))),
        ),
    ]  # fmt: skip


def _table() -> Panel:
    chosen = {
        "silent_s": "Last reading", "online": "Online", "signal_dbm": "Signal", "telegrams": "Telegrams",
        "crc_errors": "CRC errors", "waiting": "Waiting", "uptime_s": "Up",
    }  # fmt: skip
    ages = [{"color": colours.WELL, "value": None}, {"color": colours.WARNING, "value": 60},
            {"color": colours.ALARM, "value": SILENT_AFTER_S}]  # fmt: skip
    words = {"0": {"text": "offline", "color": colours.ALARM}, "1": {"text": "online", "color": colours.WELL}}
    coloured: dict[str, object] = {"custom.cellOptions": {"type": "color-text"}}
    panel = listing(
        About(title="All gateways", unit="none", says="One row per gateway, the longest silent first; click a name to "
              "see its house. Counters count since the gateway started.", empty=NOBODY, height=16, since=RECENT),
        rows(last_of("device", "known", chosen, '"gateway" =~ /$name/', by=("gateway",))),
        sort=("Last reading", True),
        looks={
            "gateway": {"displayName": "Gateway", "links": [DRILL], "custom.filterable": True},
            "Last reading": {"unit": "dtdurations", "thresholds": {"mode": "absolute", "steps": ages}, **coloured},
            "Online": {"mappings": [{"type": "value", "options": words}], **coloured},
            "Signal": {"unit": "dBm"},
            "Up": {"unit": "dtdurations"},
        },
    )  # fmt: skip
    panel.transformations = [DataTransformerConfig("organize", options={"excludeByName": {"Time": True}})]
    return panel


def _over_time() -> list[Panel]:
    counted = (("Gateways", "gateways"), ("Online", "gateways_online"), ("Silent", "gateways_silent"))
    shades = {"Gateways": colours.QUIET, "Online": colours.WELL, "Silent": colours.ALARM}
    return [
        curve(
            About(title="Gateways over time", says="How many are known, online, and silent for ten minutes or more.",
                  unit="none", empty=NOBODY, width=12, decimals=0, colours=shades),
            lines(*((name, sum_over_time(count, "history")) for name, count in counted)), interval="2m", step=True,
        ),
        curve(
            About(title="Telegrams", says="Telegrams of all gateways together that became readings, per second.",
                  unit="cps", empty=NOBODY, width=12, colours={"Telegrams": colours.IMPORT}),
            lines(("Telegrams", sum_of_rates("telegrams", "parser"))), interval="2m",
        ),
    ]  # fmt: skip
