"""*Fleet*: every gateway, the silent ones first."""

from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, Panel

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import last_of
from deploy.grafana.meterkast_dashboards.page import Page, Variable, named, page
from deploy.grafana.meterkast_dashboards.panels import About, curve, figure, listing
from deploy.grafana.meterkast_dashboards.sources import lines, rows

SILENT_S = 600
LATELY = '"gateway" =~ /$name/ AND $timeFilter'
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


def _newest(condition: str = "") -> str:
    """How many gateways are known, or of those how many meet a condition."""
    where = f" WHERE {condition}" if condition else ""
    inner = f'SELECT last("silent_s") AS "silent_s" FROM "device" WHERE {LATELY} GROUP BY "gateway"'  # noqa: S608
    return f'SELECT count("silent_s") FROM ({inner}){where}'  # noqa: S608 - constants


def _numbers() -> list[Panel]:
    silent = ((None, colours.WELL), (1, colours.ALARM))
    return [
        figure(
            About(title="Gateways", says="How many gateways are known.", unit="none", empty="0", width=8, height=4,
                  since=RECENT, decimals=0),
            lines(("Gateways", _newest())),
        ),
        figure(
            About(title="Silent", says="Gateways whose last reading is more than ten minutes old.", unit="none",
                  empty="0", width=8, height=4, since=RECENT, decimals=0, steps=silent),
            lines(("Silent", _newest(f'"silent_s" > {SILENT_S}'))),
        ),
        figure(
            About(title="CRC errors in the last hour", says="Telegrams damaged on the line between meter and gateway.",
                  unit="none", empty="0", width=8, height=4, since="1h", decimals=0),
            lines(("CRC errors", _errors())),
        ),
    ]  # fmt: skip


def _errors() -> str:
    inner = f'SELECT non_negative_difference("crc_errors") AS "n" FROM "device" WHERE {LATELY} GROUP BY "gateway"'  # noqa: S608
    return f'SELECT sum("n") FROM ({inner}) WHERE $timeFilter'  # noqa: S608 - constants


def _table() -> Panel:
    chosen = {
        "silent_s": "Last reading", "online": "Online", "signal_dbm": "Signal", "telegrams": "Telegrams",
        "crc_errors": "CRC errors", "waiting": "Waiting", "uptime_s": "Up",
    }  # fmt: skip
    ages = [{"color": colours.WELL, "value": None}, {"color": colours.WARNING, "value": 60},
            {"color": colours.ALARM, "value": SILENT_S}]  # fmt: skip
    words = {"0": {"text": "offline", "color": colours.ALARM}, "1": {"text": "online", "color": colours.WELL}}
    coloured: dict[str, object] = {"custom.cellOptions": {"type": "color-text"}}
    panel = listing(
        About(title="All gateways", unit="none", says="One row per gateway, the longest silent first; click a name to "
              "see its house. Counters count since the gateway started.", empty=NOBODY, height=16, since=RECENT),
        rows(last_of("device", chosen, '"gateway" =~ /$name/', by=("gateway",))),
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
    online = f'SELECT max("online") AS "online" FROM "device" WHERE {LATELY} GROUP BY time($__interval), "gateway"'  # noqa: S608
    counted = f'SELECT sum("online") FROM ({online} fill(none)) WHERE $timeFilter GROUP BY time($__interval) fill(none)'  # noqa: S608
    inner = f'SELECT non_negative_derivative("telegrams", 1s) AS "n" FROM "device" WHERE {LATELY} GROUP BY "gateway"'  # noqa: S608
    each = f'SELECT mean("n") AS "n" FROM ({inner}) WHERE $timeFilter GROUP BY time($__interval), "gateway" fill(none)'  # noqa: S608
    rate = f'SELECT sum("n") FROM ({each}) WHERE $timeFilter GROUP BY time($__interval) fill(none)'  # noqa: S608
    return [
        curve(
            About(title="Gateways online", says="How many gateways said that they are online.", unit="none",
                  empty=NOBODY, width=12, decimals=0, colours={"Online": colours.WELL}),
            lines(("Online", counted)), interval="5m", step=True,
        ),
        curve(
            About(title="Telegrams", says="Telegrams read by all gateways together, per second.", unit="cps",
                  empty=NOBODY, width=12, colours={"Telegrams": colours.IMPORT}),
            lines(("Telegrams", rate)), interval="5m",
        ),
    ]  # fmt: skip
