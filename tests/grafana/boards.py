"""The generated dashboards as Grafana uses them: each query with its time, its data source, its variables filled in."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FOLDER = Path(__file__).parents[2] / "deploy/grafana"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MOST_POINTS = 1000
_RELATIVE = re.compile(r"now(?:-(\d+)([smhdMy]))?(?:/([dMy]))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class Span:
    """A time that is shown."""

    start: datetime
    end: datetime

    @property
    def milliseconds(self) -> tuple[int, int]:
        """Unix times of both ends."""
        return int(self.start.timestamp() * 1000), int(self.end.timestamp() * 1000)


@dataclass(frozen=True)
class Ask:
    """One query of a dashboard: `uid` is that of its data source, `where` says which query it is."""

    where: str
    uid: str
    text: str
    shape: str = "time_series"
    unit: str = "none"


def dashboards() -> dict[str, dict[str, Any]]:
    """Every dashboard by its file's name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "dashboards").glob("*.json"))}


def panels(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard."""
    found: list[dict[str, Any]] = board["panels"]
    return found


def asks(name: str, board: Mapping[str, Any], now: datetime, values: Mapping[str, str]) -> Iterator[Ask]:
    """Every query of panels, variables and annotations, as Grafana sends it."""
    shown = span(board["time"]["from"], board["time"]["to"], now)
    for panel in panels(board):
        when = panel_span(panel, shown, now)
        for target in panel["targets"]:
            where = f"{name}: {panel['title']} {target['refId']}"
            text = filled(target["query"], when, values, least=panel.get("interval"))
            yield Ask(
                where,
                target["datasource"]["uid"],
                text,
                target["resultFormat"],
                panel["fieldConfig"]["defaults"]["unit"],
            )
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield Ask(f"{name}: ${variable['name']}", variable["datasource"]["uid"], variable["query"])
    for annotation in board["annotations"]["list"]:
        text = filled(annotation["target"]["query"], shown, values)
        yield Ask(f"{name}: {annotation['name']}", annotation["datasource"]["uid"], text, "table")


def panel_span(panel: Mapping[str, Any], shown: Span, now: datetime) -> Span:
    """The time of a panel, which may have its own beginning, or be shifted back."""
    if since := panel.get("timeFrom"):
        return span(since if since.startswith("now") else f"now-{since}", "now", now)
    if panel.get("timeShift") == "1y":
        return Span(shown.start.replace(year=shown.start.year - 1), shown.end.replace(year=shown.end.year - 1))
    return shown


def span(start: str, end: str, now: datetime) -> Span:
    """A relative time in the browser's zone, e.g. `now/y` to `now/y` is this whole year."""
    return Span(_moment(start, now, up=False), _moment(end, now, up=True))


def _moment(text: str, now: datetime, *, up: bool) -> datetime:
    match = _RELATIVE.fullmatch(text)
    assert match, text
    at = now.astimezone(AMSTERDAM)
    amount, unit, rounding = int(match[1] or 0), match[2] or "s", match[3]
    if unit == "y":
        at = at.replace(year=at.year - amount)
    elif unit == "M":
        month = at.year * 12 + at.month - 1 - amount
        at = at.replace(year=month // 12, month=month % 12 + 1, day=1)
    else:
        at -= timedelta(seconds=amount * _SECONDS[unit])
    if not rounding:
        return at
    at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    at = at.replace(day=1) if rounding in "My" else at
    at = at.replace(month=1) if rounding == "y" else at
    if not up:
        return at
    following = {"d": at + timedelta(days=1), "y": at.replace(year=at.year + 1)}
    end = following.get(rounding) or at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    return end - timedelta(milliseconds=1)


def filled(text: str, when: Span, values: Mapping[str, str], *, least: str | None = None) -> str:
    """The query with Grafana's variables and macros in place; nothing else of it may look like one."""
    start, end = when.milliseconds
    steps = max(1, (end - start) // MOST_POINTS // 1000, _SECONDS[least[-1]] * int(least[:-1]) if least else 1)
    given = {
        "${__from}": str(start),
        "${__to}": str(end),
        "$timeFilter": f"time >= {start}ms and time <= {end}ms",
        "$__interval": f"{steps}s",
        **{f"${name}": value for name, value in values.items()},
    }
    for name, value in given.items():
        text = text.replace(name, value)
    assert not re.search(r"\$[\w{]", text), f"Grafana knows no such variable: {text}"
    return text
