"""Rows as InfluxDB has them: line protocol out, InfluxQL results in. Registers are integers, gauges floats."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any

from meterkast_store.columns import AGGREGATED, gauge_decimals, gauge_value, natural
from meterkast_store.history import Vital
from meterkast_store.instants import to_ms
from meterkast_store.rows import Field, Row, Series, Table

TAGS = ("gateway", "meter", "kind")
DEVICE_TAGS = ("gateway",)
SERVICE_TAGS = ("service", "instance")
SAMPLED = ("sample", "device", "service")
"""Measurements that are kept as long as samples are."""
FLOATS = ("_s", "_ms", "_ratio", "_percent", "_dbm", "_c", "_v", "_w", "_hz", "_a")
"""How the names of figures end that are floats; every other figure is an integer."""
REGISTRY = "series"
REGISTRY_AT = 946_684_800_000
_TAG = str.maketrans({",": r"\,", "=": r"\=", " ": r"\ ", "\n": r"\ ", "\r": r"\ ", "\\": "/"})
_TEXT = str.maketrans({'"': r"\"", "\\": r"\\"})


def line(row: Row) -> str:
    """Return the row in line protocol, time in milliseconds."""
    fields = ",".join(f"{name}={_value(name, value)}" for name, value in _complete(row).items() if value is not None)
    return f"{row.series.table}{_tags(row.series)} {fields} {row.at}"


def vital_line(measurement: str, tags: Sequence[str], vital: Vital) -> str:
    """Return the line of how a gateway or service did, empty where it has no figure that is a number."""
    given = dict(zip(tags, (vital.of, vital.instance), strict=False))
    fields = ",".join(f"{name}={figure(name, value)}" for name, value in vital.figures.items() if isfinite(value))
    return f"{measurement}{_named(given)} {fields} {to_ms(vital.at)}" if fields else ""


def figure(name: str, value: float) -> str:
    """Return a figure in line protocol: its type follows from its name, so that it never changes."""
    return repr(float(value)) if name.endswith(FLOATS) else f"{round(value)}i"


def registration(series: Series) -> str:
    """Return the line by which a series is found again."""
    return f"{REGISTRY},table={series.table}{_tags(series)} known=1i {REGISTRY_AT}"


def where(series: Series) -> str:
    """Return the InfluxQL condition that picks a series."""
    parts = [f'"gateway" = {quoted(series.gateway)}', f'"meter" = {quoted(_tag_text(series.name))}']
    if series.kind:
        parts.append(f'"kind" = {quoted(series.kind)}')
    return " AND ".join(parts)


def quoted(text: str) -> str:
    """Return an InfluxQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def rows_of(series: Series, columns: Sequence[str], values: Sequence[Sequence[Any]]) -> Iterator[Row]:
    """Yield the rows of a result; times are milliseconds."""
    for found in values:
        named = dict(zip(columns, found, strict=True))
        at = int(named.pop("time"))
        fields = {name: _scaled(name, value) for name, value in named.items() if value is not None and name not in TAGS}
        yield Row(series, at, _lean(fields))


def table_series(table: Table, columns: Sequence[str], values: Sequence[Sequence[Any]]) -> list[Series]:
    """Return the series that the registry names."""
    named = [dict(zip(columns, found, strict=True)) for found in values]
    return [Series(table, tags["gateway"], tags["meter"], tags.get("kind") or "") for tags in named]


def _tags(series: Series) -> str:
    return _named(dict(zip(TAGS, (series.gateway, series.name, series.kind), strict=True)))


def _named(tags: Mapping[str, str]) -> str:
    return "".join(f",{name}={value.translate(_TAG)}" for name, value in tags.items() if value)


def _tag_text(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ").replace("\\", "/")


def _complete(row: Row) -> Mapping[str, Field]:
    """Add how many values each aggregate has, which rows leave out where it is the quarter's count."""
    if row.series.table is not Table.QUARTER:
        return row.fields
    added = {f"{name}_n": row.number("count") for name in AGGREGATED if f"{name}_sum" in row.fields}
    return {**added, **row.fields}


def _lean(fields: dict[str, Field]) -> dict[str, Field]:
    count = fields.get("count")
    gone = [f"{name}_n" for name in AGGREGATED if fields.get(f"{name}_n", -1) == count]
    return {name: value for name, value in fields.items() if name not in gone}


def _value(name: str, value: float | str) -> str:
    if isinstance(value, str):
        return f'"{value.translate(_TEXT)}"'
    decimals = gauge_decimals(name)
    return f"{int(value)}i" if decimals is None else repr(float(natural(value, decimals)))


def _scaled(name: str, value: Any) -> Field:
    decimals = gauge_decimals(name)
    if isinstance(value, str) or decimals is None:
        return value if isinstance(value, str) else int(value)
    scaled = gauge_value(value, decimals)
    return 0 if scaled is None else scaled
