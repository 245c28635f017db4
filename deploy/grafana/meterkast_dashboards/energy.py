"""*Energy history*: what was used and fed in, by hour, day and month, beside the year before."""

from grafana_foundation_sdk.models.dashboard import Dashboard, DataTransformerConfig, Panel

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import TARIFFS, energy, spread, tariff_use, volume
from deploy.grafana.meterkast_dashboards.page import Page, gateway, page, step, zone
from deploy.grafana.meterkast_dashboards.panels import About, bars, columns, curve, figure
from deploy.grafana.meterkast_dashboards.sources import InfluxQuery, lines

PAGE = Page(
    uid="meterkast-energy",
    title="Energy history",
    says="Energy, gas and water of any time, exact to the watt-hour and the litre, compared with the year before.",
    start="now/y",
    end="now/y",
    ranges=(
        ("Today", "now/d", "now/d"),
        ("This month", "now/M", "now/M"),
        ("Last month", "now-1M/M", "now-1M/M"),
        ("This year", "now/y", "now/y"),
        ("Last year", "now-1y/y", "now-1y/y"),
    ),
)
PER = "$per"
DAY = "1d"
NOTHING = "Nothing was measured in this time."
YEAR = "1y"
BOTH = {"Import": colours.IMPORT, "Export": colours.EXPORT}
GAS_AND_WATER = {"Gas": colours.GAS, "Water": colours.WATER}
M_BUS = {**GAS_AND_WATER, "Hot water": colours.HOT_WATER}
HOLES = "What was used across a hole in the data stands where readings came back."


def energy_history() -> Dashboard:
    """The dashboard."""
    variables = [gateway(), zone(), step("per", "Bar", "How long a bar of the charts is.", "1d,1h", DAY)]
    return page(PAGE, variables, [*_sums(), *_bars(), *_months(), *_tariffs(), *_power()])


def _both(per: str) -> list[InfluxQuery]:
    return lines(("Import", energy("import", per)), ("Export", energy("export", per)))


def _m_bus(per: str) -> list[InfluxQuery]:
    kinds = (("Gas", "gas"), ("Water", "water"), ("Hot water", "hot_water"))
    return lines(*((name, volume(kind, per)) for name, kind in kinds))


def _sums() -> list[Panel]:
    electricity = lines(("Import", energy("import")), ("Export", energy("export")))
    gas = lines(("Gas", volume("gas")), ("Water", volume("water")))
    return [
        figure(
            About(title="Electricity", says=f"The sum of the time shown. {HOLES}", unit="watth", empty=NOTHING,
                  width=6, height=4, colours=BOTH),
            electricity,
        ),
        figure(
            About(title="Electricity, a year earlier", says="The sum of the same time a year earlier.", unit="watth",
                  empty="Nothing was measured a year earlier.", width=6, height=4, earlier=YEAR, colours=BOTH),
            electricity,
        ),
        figure(
            About(title="Gas and water", says="The sum of the time shown.", unit="m3", decimals=3, empty=NOTHING,
                  width=6, height=4, colours=GAS_AND_WATER),
            gas,
        ),
        figure(
            About(title="Gas and water, a year earlier", says="The sum of the same time a year earlier.", unit="m3",
                  decimals=3, empty="Nothing was measured a year earlier.", width=6, height=4, earlier=YEAR,
                  colours=GAS_AND_WATER),
            gas,
        ),
    ]  # fmt: skip


def _bars() -> list[Panel]:
    return [
        bars(
            About(title="Electricity by $per", says=f"Differences of the registers at boundaries. {HOLES}",
                  unit="watth", empty=NOTHING, colours=BOTH),
            _both(PER),
        ),
        bars(
            About(title="Electricity by $per, a year earlier", says="The same days a year earlier.", unit="watth",
                  empty="Nothing was measured a year earlier.", width=12, earlier=YEAR, colours=BOTH),
            _both(PER),
        ),
        bars(
            About(title="Gas and water by $per", says=f"What M-Bus meters counted. {HOLES}", unit="m3", decimals=3,
                  empty="No gas or water meter told anything in this time.", width=12, colours=M_BUS),
            _m_bus(PER),
        ),
    ]  # fmt: skip


def _months() -> list[Panel]:
    return [
        _by_month(
            About(title="Electricity by month", says="Days added up to months.", unit="watth",
                  empty=NOTHING, width=12, colours=BOTH),
            _both(DAY), ("Import", "Export"),
        ),
        _by_month(
            About(title="Gas and water by month", says="Days added up to months.", unit="m3",
                  decimals=3, empty=NOTHING, width=12, colours=M_BUS),
            _m_bus(DAY), ("Gas", "Water", "Hot water"),
        ),
    ]  # fmt: skip


def _by_month(about: About, queries: list[InfluxQuery], names: tuple[str, ...]) -> Panel:
    panel = columns(about, queries, by="Month")
    sums: dict[str, object] = {name: {"operation": "aggregate", "aggregations": ["sum"]} for name in names}
    panel.transformations = [
        DataTransformerConfig("joinByField", options={"byField": "Time", "mode": "outer"}),
        DataTransformerConfig("formatTime", options={"timeField": "Time", "outputFormat": "YYYY-MM"}),
        DataTransformerConfig(
            "groupBy", options={"fields": {"Time": {"operation": "groupby", "aggregations": []}, **sums}}
        ),
        DataTransformerConfig(
            "organize",
            options={"renameByName": {"Time": "Month", **{f"{name} (sum)": name for name in names}}},
        ),
    ]
    return panel


def _tariffs() -> list[Panel]:
    names = {"import": "Import", "export": "Export"}
    return [
        bars(
            About(title=f"{names[way]} by tariff", unit="watth",
                  says="Each tariff's own register; in the Netherlands 1 is the low one.",
                  empty=f"This meter has no tariffs for {way}.", width=12),
            lines(*((f"Tariff {tariff}", tariff_use(way, tariff, PER)) for tariff in TARIFFS)),
        )
        for way in ("import", "export")
    ]  # fmt: skip


def _power() -> list[Panel]:
    named = [
        (f"{name} {word}", spread(f"power_{way}_w", function))
        for way, name in (("import", "Import"), ("export", "Export"))
        for function, word in (("mean", "mean"), ("max", "highest"))
    ]
    shades = {"Import mean": colours.IMPORT, "Export mean": colours.EXPORT}
    return [
        curve(
            About(title="Power", says="Mean and highest power; quarters of an hour are kept for ever.", unit="watt",
                  empty=NOTHING, colours=shades),
            lines(*named), interval="15m",
        )
    ]  # fmt: skip
