"""A dashboard with what all of them have: place, variables, links to the others, events as annotations."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard

from deploy.grafana.meterkast_dashboards import colours
from deploy.grafana.meterkast_dashboards.influxql import events
from deploy.grafana.meterkast_dashboards.sources import HISTORY, source

TAG = "meterkast"
ZONES = "Europe/Amsterdam,Europe/Brussels,Europe/Luxembourg,Europe/Berlin,Europe/Stockholm,Europe/Vilnius,UTC"
FULL = 24
GATEWAYS = 'SHOW TAG VALUES FROM "series" WITH KEY = "gateway"'

Variable = Builder[dashboard.VariableModel]
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a dashboard is, beside its panels."""

    uid: str
    title: str
    says: str
    start: str
    end: str = "now"
    refresh: str = ""
    ranges: Sequence[tuple[str, str, str]] = ()
    """Links to spans of time: title, from, to."""


def gateway() -> Variable:
    """Which gateway is shown."""
    variable = build.QueryVariable("gateway").label("Gateway").description("The P1 port whose meter is shown.")
    variable.query(GATEWAYS).datasource(_history())
    return variable.refresh(dashboard.VariableRefresh.ON_DASHBOARD_LOAD).sort(dashboard.VariableSort.ALPHABETICAL_ASC)


def zone() -> Variable:
    """In whose time zone days begin."""
    says = "Days and months begin at midnight in this zone; set it to that of the house."
    return build.CustomVariable("zone").label("Time zone").description(says).values(ZONES).current(_first(ZONES))


def step(name: str, label: str, says: str, values: str, chosen: str) -> Variable:
    """A choice of how long a bin is."""
    return build.CustomVariable(name).label(label).description(says).values(values).current(_first(chosen))


def named(name: str, label: str, says: str) -> Variable:
    """A text to type."""
    return build.TextBoxVariable(name).label(label).description(says).default_value("")


def page(
    about: Page, variables: Sequence[Variable], panels: Sequence[dashboard.Panel], *, marks: bool = False
) -> dashboard.Dashboard:
    """Return the dashboard; `marks`: with the events of the gateway on every curve."""
    board = build.Dashboard(about.title).uid(about.uid).description(about.says).tags([TAG]).readonly()
    board.time(about.start, about.end).timezone("browser").refresh(about.refresh).variables(list(variables))
    board.tooltip(dashboard.DashboardCursorSync.CROSSHAIR).links(list(_links(about))).annotations([])
    if marks:
        board.annotation(_Given(_annotation()))
    for place, panel in enumerate(_placed(panels), 1):
        panel.id_val = place
        board.with_panel(_Given(panel))
    return board.build()


class _Given(Builder[T_co]):
    """A builder of what is there already."""

    def __init__(self, given: T_co) -> None:
        self._given = given

    def build(self) -> T_co:
        return self._given


class _Marks(dashboard.AnnotationTarget):
    """A query for annotations."""

    def __init__(self, query: str) -> None:
        super().__init__()
        self._query = query

    def to_json(self) -> dict[str, object]:
        return {
            "refId": "Anno", "query": self._query, "rawQuery": True, "fromAnnotations": True, "textEditor": True,
            "textColumn": "text", "tagsColumn": "kind",
        }  # fmt: skip


def _annotation() -> dashboard.AnnotationQuery:
    kinds = ("power_failure", "voltage_sag", "voltage_swell", "meter_replaced", "gap")
    query = events(kinds)
    return dashboard.AnnotationQuery(
        name="Events", datasource=source(query), enable=True, icon_color=colours.ALARM, target=_Marks(query)
    )


def _links(about: Page) -> Iterator[build.DashboardLink]:
    for title, start, end in about.ranges:
        url = f"/d/{about.uid}?from={start}&to={end}"
        yield build.DashboardLink(title).type(dashboard.DashboardLinkType.LINK).url(url).include_vars(include_vars=True)
    others = build.DashboardLink("Meterkast").type(dashboard.DashboardLinkType.DASHBOARDS).tags([TAG])
    yield others.as_dropdown(as_dropdown=True).include_vars(include_vars=True)


def _placed(panels: Sequence[dashboard.Panel]) -> Iterator[dashboard.Panel]:
    """Put panels side by side, as long as a row has room."""
    x = y = height = 0
    for panel in panels:
        place = panel.grid_pos or dashboard.GridPos()
        if x + place.w > FULL:
            x, y, height = 0, y + height, 0
        panel.grid_pos = dashboard.GridPos(h=place.h, w=place.w, x=x, y=y)
        x, height = x + place.w, max(height, place.h)
        yield panel


def _history() -> dashboard.DataSourceRef:
    return dashboard.DataSourceRef(type_val="influxdb", uid=HISTORY)


def _first(values: str) -> dashboard.VariableOption:
    value = values.partition(",")[0]
    return dashboard.VariableOption(selected=True, text=value, value=value)
