"""The InfluxQL of the dashboards, as texts with Grafana's variables in them.

A row of `quarter` or `mbus` stands at the boundary that ends its time. Bins begin a millisecond after a boundary, so
that each holds the row that ends it: what registers gained from row to row adds up to exactly what was used in it.
"""

from collections.abc import Iterable, Mapping, Sequence

TARIFFS = (1, 2, 3, 4)
WHOLE = ""
ZONE = "tz('$zone')"
HERE = "\"gateway\" = '$gateway'"
SHOWN = "$timeFilter"
QUARTERS = "time >= ${__from}ms AND time <= ${__to}ms + 15m"
"""The rows of the time shown: that at its first boundary, and that which ends its last or the running quarter."""


def used(field: str, *, table: str = "quarter", where: str = HERE) -> str:
    """What a register of each meter gained from row to row, named `used`."""
    return (
        f'SELECT non_negative_difference("{field}") AS "used" FROM "{table}" '  # noqa: S608 - constants
        f'WHERE {where} AND {QUARTERS} GROUP BY "meter"'
    )


def tariff_use(way: str, tariff: int, per: str) -> str:
    """What was used of one tariff in each `per`, Wh."""
    return _over(per, "sum", [used(f"energy_{way}_t{tariff}_wh")])


def energy(way: str, per: str = WHOLE) -> str:
    """What was used of all tariffs in each `per`, or in the whole time shown, Wh.

    A meter has registers of tariffs, or one in total, or both: then the total is what its tariffs add up to.
    """
    tariffs = _over(per, "sum", [used(f"energy_{way}_t{tariff}_wh") for tariff in TARIFFS], meters=True)
    total = _over(per, "sum", [used(f"energy_{way}_wh")], meters=True)
    return _over(per, "sum", [_over(per, "max", [tariffs, total], meters=True)])


def volume(kind: str, per: str = WHOLE) -> str:
    """What M-Bus meters of a kind counted in each `per`, or in the whole time shown, m³."""
    where = f"{HERE} AND \"kind\" = '{kind}'"
    return _over(per, "sum", [used(f"{kind}_l", table="mbus", where=where)], scale=" / 1000")


def gauge(field: str, function: str, interval: str = "$__interval") -> str:
    """A gauge of the readings over time."""
    return (
        f'SELECT {function}("{field}") FROM "sample" WHERE {HERE} AND {SHOWN} '  # noqa: S608 - constants
        f"GROUP BY time({interval}) fill(null)"
    )


def newest(field: str) -> str:
    """The newest value of a gauge."""
    return f'SELECT last("{field}") FROM "sample" WHERE {HERE} AND {SHOWN}'  # noqa: S608 - constants


def spread(field: str, function: str) -> str:
    """Lowest (`min`), highest (`max`) or mean value of a gauge over time, as quarters keep it for ever."""
    value = f'sum("{field}_sum") / sum("{field}_n")' if function == "mean" else f'{function}("{field}_{function}")'
    return f'SELECT {value} FROM "quarter" WHERE {HERE} AND {QUARTERS} GROUP BY time($__interval) fill(null)'  # noqa: S608


def extreme(field: str, function: str) -> str:
    """The lowest (`min`) or highest (`max`) value of a gauge in the time shown."""
    return f'SELECT {function}("{field}_{function}") FROM "quarter" WHERE {HERE} AND {QUARTERS}'  # noqa: S608


def count_of(kind: str) -> str:
    """How many events of a kind there were; their kind stands in the tag `meter`."""
    return f'SELECT count("text") FROM "event" WHERE {HERE} AND "meter" = \'{kind}\' AND {SHOWN}'  # noqa: S608


def events(kinds: Iterable[str], *, limit: int = 200) -> str:
    """The newest events of these kinds."""
    wanted = "|".join(kinds)
    return (
        f'SELECT "text", "meter" AS "kind" FROM "event" WHERE {HERE} AND "meter" =~ /^({wanted})$/ '  # noqa: S608
        f"AND {SHOWN} ORDER BY time DESC LIMIT {limit}"
    )


def last_of(table: str, always: str, columns: Mapping[str, str], where: str, *, by: Sequence[str]) -> str:
    """A row per source with the fields of its last point, under the columns' titles; each point has the field `always`.

    One selector and the fields beside it: a `last` of each field takes ten times as long.
    """
    tags = ", ".join(f'"{tag}"' for tag in by)
    chosen = ", ".join(f'"{name}" AS "{title}"' for name, title in columns.items())
    titles = ", ".join(f'"{title}"' for title in columns.values())
    inner = f'SELECT last("{always}") AS "{always}", {chosen} FROM "{table}" WHERE {where} AND {SHOWN} GROUP BY {tags}'  # noqa: S608
    return f"SELECT {tags}, {titles} FROM ({inner})"  # noqa: S608 - constants


def vital(figure: str, service: str) -> str:
    """A figure of each instance of a service over time."""
    return f'SELECT last("{figure}") FROM "service" WHERE {_of(service)} fill(null)'  # noqa: S608 - constants


def rate(figure: str, service: str) -> str:
    """How fast a service's counter grows, per second; a restart, which begins it anew, is left out."""
    return f'SELECT non_negative_derivative(last("{figure}"), 1s) FROM "service" WHERE {_of(service)} fill(none)'  # noqa: S608


def sum_now(figure: str, service: str) -> str:
    """The last value of a figure, added up over the instances of a service."""
    last = f'SELECT last("{figure}") AS "n" FROM "service" WHERE {_every(service)} GROUP BY "instance"'  # noqa: S608
    return f'SELECT sum("n") FROM ({last})'  # noqa: S608 - constants


def sum_over_time(figure: str, service: str) -> str:
    """A figure over time, added up over the instances of a service."""
    return _summed(f'last("{figure}")', service)


def sum_of_rates(figure: str, service: str) -> str:
    """How fast a counter grows per second, added up over the instances of a service."""
    return _summed(f'non_negative_derivative(last("{figure}"), 1s)', service)


def _summed(value: str, service: str) -> str:
    step = "time($__interval)"
    each = (
        f'SELECT {value} AS "n" FROM "service" WHERE {_every(service)} '  # noqa: S608 - constants
        f'GROUP BY {step}, "instance" fill(none)'
    )
    return f'SELECT sum("n") FROM ({each}) WHERE {SHOWN} GROUP BY {step} fill(none)'  # noqa: S608 - constants


def _every(service: str) -> str:
    return f"\"service\" = '{service}' AND {SHOWN}"


def _of(service: str) -> str:
    return (
        f'"service" = \'{service}\' AND "instance" =~ /^$instance$/ AND {SHOWN} GROUP BY time($__interval), "instance"'
    )


def _over(per: str, function: str, sources: Sequence[str], *, meters: bool = False, scale: str = "") -> str:
    """A function of what the sources used, of each meter or of all, in each `per`."""
    inner = ", ".join(f"({source})" for source in sources)
    groups = ", ".join([*([f"time({per}, 1ms)"] if per else ()), *(['"meter"'] if meters else ())])
    by = f" GROUP BY {groups}" if groups else ""
    bins = f" fill(none) {ZONE}" if per else ""
    return f'SELECT {function}("used"){scale} AS "used" FROM {inner} WHERE {QUARTERS}{by}{bins}'  # noqa: S608
