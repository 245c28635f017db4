"""Where the figures are: Meterkast's two databases as Grafana's data sources, and queries of them."""

from dataclasses import dataclass
from typing import Literal, Self

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard

HISTORY = "meterkast"
"""Uid of what is kept for ever: quarters, M-Bus registers, events."""
SAMPLES = "meterkast-samples"
"""Uid of what is kept for some months: readings, and how gateways and services do."""

OF_TABLE = {
    "quarter": HISTORY, "mbus": HISTORY, "event": HISTORY, "series": HISTORY,
    "sample": SAMPLES, "device": SAMPLES, "service": SAMPLES,
}  # fmt: skip

Shape = Literal["time_series", "table"]


def source(query: str) -> dashboard.DataSourceRef:
    """The data source that has the tables of an InfluxQL query."""
    uids = {uid for table, uid in OF_TABLE.items() if f'FROM "{table}"' in query}
    (uid,) = uids
    return dashboard.DataSourceRef(type_val="influxdb", uid=uid)


@dataclass
class InfluxQuery(Builder[Dataquery], Dataquery):
    """One InfluxQL query; `name` is that of its series, with `$tag_<tag>` for a tag's value."""

    text: str
    name: str = ""
    shape: Shape = "time_series"
    ref: str = "A"

    def build(self) -> Self:
        """Return itself, it is a query already."""
        return self

    def to_json(self) -> dict[str, object]:
        """Return it as Grafana's InfluxDB data source reads it."""
        return {
            "refId": self.ref,
            "datasource": source(self.text),
            "query": self.text,
            "rawQuery": True,
            "resultFormat": self.shape,
            **({"alias": self.name} if self.name else {}),
        }


def lines(*named: tuple[str, str]) -> list[InfluxQuery]:
    """Queries of time series, each with its name."""
    return [InfluxQuery(text, name, ref=chr(ord("A") + place)) for place, (name, text) in enumerate(named)]


def rows(text: str) -> list[InfluxQuery]:
    """A query for a table."""
    return [InfluxQuery(text, shape="table")]
