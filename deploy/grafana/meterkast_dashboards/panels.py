"""Panels as all dashboards have them: each with unit, description and a sentence for when there is nothing to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from grafana_foundation_sdk.builders import barchart, common, dashboard, stat, table, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    FieldColorModeId,
    Panel,
    Threshold,
    ThresholdsMode,
)

from deploy.grafana.meterkast_dashboards.sources import InfluxQuery, source

HOLE_MS = {"": False, "10s": 300_000, "1m": 300_000, "2m": 600_000, "15m": 3_600_000}
"""By the shortest time between points: over how much of nothing a line goes on, a longer hole is shown as one."""
HEIGHT = 8
WIDTH = 24

Build = TypeVar("Build", stat.Panel, timeseries.Panel, table.Panel, barchart.Panel)


@dataclass(frozen=True, kw_only=True)
class About:
    """What a panel is about. `colours` are by series name; `steps` are thresholds: from which value which colour."""

    title: str
    says: str
    unit: str
    empty: str
    width: int = WIDTH
    height: int = HEIGHT
    decimals: int | None = None
    since: str | None = None
    earlier: str | None = None
    colours: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[tuple[float | None, str]] = ()


def figure(about: About, queries: Sequence[InfluxQuery]) -> Panel:
    """One large number per query."""
    panel = stat.Panel().graph_mode(shapes.BigValueGraphMode.NONE).color_mode(shapes.BigValueColorMode.VALUE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if not about.steps:
        panel.color_scheme(dashboard.FieldColor().mode(FieldColorModeId.FIXED).fixed_color("text"))
    return _panel(panel.text_mode(shapes.BigValueTextMode.VALUE_AND_NAME), about, queries)


def curve(
    about: About,
    queries: Sequence[InfluxQuery],
    *,
    interval: str | None = None,
    soft: tuple[float, float] | None = None,
    fill: int = 0,
    step: bool = False,
) -> Panel:
    """Lines over time; `soft` is a range that is shown even where the values stay within it."""
    panel = timeseries.Panel().line_width(1.5).fill_opacity(fill).show_points(shapes.VisibilityMode.AUTO)
    panel.span_nulls(HOLE_MS[interval or ""]).legend(_legend()).tooltip(_tooltip())
    if step:
        panel.line_interpolation(shapes.LineInterpolation.STEP_AFTER)
    if soft:
        panel.axis_soft_min(soft[0]).axis_soft_max(soft[1])
    if about.steps:
        style = common.GraphThresholdsStyleConfig().mode(shapes.GraphThresholdsStyleMode.LINE)
        panel.thresholds_style(style)
    if interval:
        panel.interval(interval)
    return _panel(panel, about, queries)


def bars(about: About, queries: Sequence[InfluxQuery], *, interval: str | None = None) -> Panel:
    """Stacked bars over time, each beginning where its time begins."""
    panel = timeseries.Panel().draw_style(shapes.GraphDrawStyle.BARS).fill_opacity(80).line_width(0)
    panel.bar_alignment(shapes.BarAlignment.AFTER).bar_width_factor(0.85).legend(_legend("sum")).tooltip(_tooltip())
    panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL).group("A"))
    if interval:
        panel.interval(interval)
    return _panel(panel, about, queries)


def columns(about: About, queries: Sequence[InfluxQuery], *, by: str) -> Panel:
    """Bars by a text, e.g. one per month."""
    panel = barchart.Panel().x_field(by).fill_opacity(80).line_width(0).legend(_legend("sum")).tooltip(_tooltip())
    panel.show_value(shapes.VisibilityMode.NEVER).bar_width(0.9).group_width(0.8)
    return _panel(panel, about, queries)


def listing(
    about: About,
    queries: Sequence[InfluxQuery],
    *,
    looks: Mapping[str, Mapping[str, object]],
    sort: tuple[str, bool] | None = None,
) -> Panel:
    """A table; `looks` are properties of its columns by name, `sort` a column and whether the highest comes first."""
    panel = table.Panel().show_header(show_header=True).cell_height(shapes.TableCellHeight.SM)
    panel.footer(common.TableFooterOptions().show(show=False).enable_pagination(enable_pagination=True).reducer([]))
    if sort:
        panel.sort_by([common.TableSortByFieldState().display_name(sort[0]).desc(sort[1])])
    for name, properties in looks.items():
        panel.override_by_name(name, [DynamicConfigValue(key, value) for key, value in properties.items()])
    return _panel(panel, about, queries)


def _panel(panel: Build, about: About, queries: Sequence[InfluxQuery]) -> Panel:
    panel.title(about.title).description(about.says).unit(about.unit).no_value(about.empty)
    panel.height(about.height).span(about.width).datasource(source(queries[0].text)).targets(list(queries))
    if about.decimals is not None:
        panel.decimals(about.decimals)
    if about.since:
        panel.time_from(about.since)
    if about.earlier:
        panel.time_shift(about.earlier)
    if about.steps:
        steps = [Threshold(value, colour) for value, colour in about.steps]
        panel.thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
    for name, colour in about.colours.items():
        panel.override_by_name(name, [DynamicConfigValue("color", {"mode": "fixed", "fixedColor": colour})])
    return panel.build()


def _legend(*sums: str) -> common.VizLegendOptions:
    legend = common.VizLegendOptions().display_mode(shapes.LegendDisplayMode.LIST).show_legend(show_legend=True)
    return legend.placement(shapes.LegendPlacement.BOTTOM).calcs(list(sums))


def _tooltip() -> common.VizTooltipOptions:
    return common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI).sort(shapes.SortOrder.NONE)
