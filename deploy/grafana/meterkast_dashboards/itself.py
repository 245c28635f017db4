"""*Meterkast itself*: what its services do, what waits, and what they use."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, Panel

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import last_of, rate, vital
from deploy.grafana.meterkast_dashboards.page import Page, Variable, page
from deploy.grafana.meterkast_dashboards.panels import About, curve, listing
from deploy.grafana.meterkast_dashboards.sources import SAMPLES, lines, rows

PAGE = Page(
    uid="meterkast-itself",
    title="Meterkast itself",
    says="Rates, refusals, queues, lag, disk and memory of Meterkast's own services.",
    start="now-6h",
    refresh="1m",
)
SERVICES = ("reader", "parser", "history", "api", "console")
QUIET = "Nothing was told in this time. It needs InfluxDB, and a history that may read meterkast/+/+/status."
EVERY = "1m"


def itself() -> Dashboard:
    """The dashboard."""
    return page(PAGE, [_instance()], [_services(), *_work(), *_queues(), *_machine()])


def _instance() -> Variable:
    variable = build.QueryVariable("instance").label("Instance").description("Which processes of each service.")
    variable.query('SHOW TAG VALUES FROM "service" WITH KEY = "instance"').include_all(include_all=True).multi(
        multi=True
    )
    variable.datasource(dashboard.DataSourceRef(type_val="influxdb", uid=SAMPLES))
    everything = dashboard.VariableOption(selected=True, text="All", value="$__all")
    return variable.refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED).current(everything)


def _services() -> Panel:
    words = {"0": {"text": "down", "color": colours.ALARM}, "1": {"text": "up", "color": colours.WELL}}
    columns = {"up": "State", "uptime_s": "Up for", "memory_bytes": "Memory"}
    panel = listing(
        About(title="Services", says="The last word of each process. Services of one process tell the same memory.",
              unit="none", empty=QUIET, height=7, since="10m"),
        rows(last_of("service", "told", columns, '"instance" =~ /^$instance$/', by=("service", "instance"))),
        looks={
            "State": {"mappings": [{"type": "value", "options": words}], "custom.cellOptions": {"type": "color-text"}},
            "Up for": {"unit": "dtdurations"},
            "Memory": {"unit": "bytes"},
        },
    )  # fmt: skip
    renamed = {"service": "Service", "instance": "Instance"}
    options = {"excludeByName": {"Time": True}, "renameByName": renamed}
    panel.transformations = [DataTransformerConfig("organize", options=options)]
    return panel


def _curve(title: str, says: str, unit: str, drawn: Sequence[tuple[str, str, str]], width: int = 12) -> Panel:
    """Draw figures, each given by its query, its service, and what it is."""
    queries = lines(*((f"{name} ({service} $tag_instance)", query) for query, service, name in drawn))
    return curve(About(title=title, says=says, unit=unit, empty=QUIET, width=width), queries, interval=EVERY)


def _rates(*figures: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    return [(rate(figure, service), service, name) for figure, service, name in figures]


def _sizes(*figures: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    return [(vital(figure, service), service, name) for figure, service, name in figures]


def _work() -> list[Panel]:
    return [
        _curve(
            "Telegrams on their way", "The same telegrams at each station, per second; the lines should lie together.",
            "cps", _rates(("telegrams", "reader", "Read"), ("telegrams", "parser", "Parsed"),
                          ("rows", "history", "Rows written"), ("messages", "api", "Messages to the API")),
        ),
        _curve(
            "Refused", "What became no reading, per second: the parser's refusals stand on dsmr/<gateway>/rejected.",
            "cps", _rates(("rejected", "parser", "Refused"), ("crc_errors", "reader", "CRC errors"),
                          ("malformed", "history", "Malformed")),
        ),
    ]  # fmt: skip


def _queues() -> list[Panel]:
    return [
        _curve(
            "Waiting", "What one station has and the next has not taken yet; it should fall back to nothing.",
            "none", _sizes(("spooled_telegrams", "reader", "In the spool"), ("unpublished", "parser", "Unpublished"),
                           ("waiting", "history", "Unwritten")),
        ),
        _curve(
            "Lag", "Age of the newest reading when it was written; more than a minute says that something waits.",
            "s", _sizes(("lag_s", "history", "Lag")), 6,
        ),
        _curve(
            "Database errors", "Times the database could not be used, per second; readings wait at the broker.",
            "cps", _rates(("store_errors", "history", "Errors")), 6,
        ),
    ]  # fmt: skip


def _machine() -> list[Panel]:
    of_all = [("memory_bytes", service, "Memory") for service in SERVICES]
    cpu = [("cpu_s", service, "CPU") for service in SERVICES]
    return [
        _curve("Memory", "Resident memory of each process.", "bytes", _sizes(*of_all)),
        _curve("CPU", "Share of one core that each process uses.", "percentunit", _rates(*cpu)),
        _curve(
            "Disk", "Free space where the spool is, and what the spool takes.", "bytes",
            _sizes(("disk_free_bytes", "reader", "Free"), ("disk_free_bytes", "history", "Free"),
                   ("spool_bytes", "reader", "Spool")),
        ),
        _curve(
            "Listeners", "Open live streams of the API and open terminals of the console.", "none",
            _sizes(("clients", "api", "Streams"), ("terminals", "console", "Terminals")),
        ),
    ]  # fmt: skip
