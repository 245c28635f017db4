"""The parts of the live screen, each from the state to lines."""

import textwrap
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from meterkast_console.terminal import bars
from meterkast_console.terminal.figures import (
    Number,
    amount,
    clock,
    day_and_time,
    lasting,
    moment,
    number,
    short_stamp,
    unit_sign,
)
from meterkast_console.terminal.house import Note, Point
from meterkast_console.terminal.line import Line, Span, Style, ends, flowed, line
from meterkast_console.terminal.view import View

NARROW = 60
TINY = 30
MOST_NOTICE = 3
LATE_S = 15
SPARK_SPAN = timedelta(minutes=15)
SPARK_LABEL = 16
HELD = timedelta(seconds=30)
"""A meter of before 2016 sends every ten seconds, and a telegram may be lost."""
PHASES = ("l1", "l2", "l3")
PHASE_NAMES = ("power_import_{}_w", "power_export_{}_w", "voltage_{}_v", "current_{}_a")
STATUS_STYLES = {"online": Style.GOOD, "offline": Style.BAD}
HEALTH_STYLES = {"ok": Style.GOOD, "starting": Style.WARNING, "degraded": Style.WARNING, "stopped": Style.WARNING}
TODAY = (
    ("energy_import_kwh", "import", "kWh"),
    ("energy_export_kwh", "export", "kWh"),
    ("gas_m3", "gas", "m³"),
    ("water_m3", "water", "m³"),
    ("heat_gj", "heat", "GJ"),
)
DIALS = (
    ("energy_import_t1_kwh", "import T1"),
    ("energy_import_t2_kwh", "T2"),
    ("energy_export_t1_kwh", "export T1"),
    ("energy_export_t2_kwh", "T2"),
    ("energy_import_kwh", "import"),
    ("energy_export_kwh", "export"),
)
KEYS = (
    ("H", "menu"),
    ("Q", "quit"),
    ("G", "gateway"),
    ("D", "tables"),
    ("L", "log"),
    ("N", "raw"),
    ("V", "verbose"),
    ("B", "board"),
    ("S", "files"),
    ("W", "who"),
)


def label(text: str) -> Span:
    """The name of a line."""
    return Span(f" {text:<9}", Style.FAINT)


def header(view: View) -> list[Line]:
    """Name, state and time."""
    gateway = view.gateway
    status = Span(f"{view.charset.dot} {gateway.status}", STATUS_STYLES.get(gateway.status, Style.FAINT))
    left = line(" ", Span("Meterkast", Style.TITLE), " ", Span(gateway.name, Style.KEY), "  ", status)
    stamp = gateway.read_at or view.now
    right = f"{day_and_time(stamp, view.zone)[:-6]} {clock(stamp, view.zone)} " if view.width >= NARROW else ""
    return [ends(left, line(right), view.width), rule(view)]


def rule(view: View) -> Line:
    """A line across."""
    return line(Span(view.charset.rule * view.width, Style.FAINT))


def trouble(view: View) -> list[Line]:
    """What keeps the screen from being live."""
    house, gateway = view.house, view.gateway
    late = (view.now - gateway.read_at).total_seconds() if gateway.read_at else None
    if not house.heard:
        text = house.trouble or "Waiting for the API."
        since = f" The last reading is {lasting(late)} old." if late is not None else ""
        return _warnings(f"{text}{since}", view)
    if late is None:
        return _warnings("No reading has come yet.", view)
    return _warnings(f"The last reading is {lasting(late)} old.", view) if late > LATE_S else []


def power(view: View) -> list[Line]:
    """Import and export now, with bars on one scale."""
    reading = view.gateway.reading or {}
    used, fed = number(reading.get("power_import_w")), number(reading.get("power_export_w"))
    scale = _scale(view)
    room = view.width - 26
    lines = []
    for name, value, style in (("import", used, Style.IMPORT), ("export", fed, Style.EXPORT)):
        if value is None:
            continue
        drawn = bars.bar(float(value), scale, room, view.charset)
        first = line(label("Power" if name == "import" else "")) if view.width >= TINY else line(" ")
        lines.append(line(first, f"{name} ", Span(f"{amount(value, 'W'):>9}", Style.TITLE), " ", Span(drawn, style)))
    return lines


def phases(view: View) -> list[Line]:
    """Each phase: power, voltage, current, and a bar on the scale of all."""
    reading = view.gateway.reading or {}
    told = [phase for phase in PHASES if any(name.format(phase) in reading for name in PHASE_NAMES)]
    volts = any(f"voltage_{phase}_v" in reading for phase in told)
    amperes = view.width >= NARROW and any(f"current_{phase}_a" in reading for phase in told)
    lines = []
    for phase in told:
        used, fed = number(reading.get(f"power_import_{phase}_w")), number(reading.get(f"power_export_{phase}_w"))
        value, style = _net(used, fed)
        cells = [f"   {phase.upper()} {amount(value, 'W'):>9}"]
        cells += [f"{amount(reading.get(f'voltage_{phase}_v'), 'V'):>8}"] if volts else []
        cells += [f"{amount(reading.get(f'current_{phase}_a'), 'A'):>8}"] if amperes else []
        row = line(Span(cells[0][:5], Style.FAINT), cells[0][5:], *cells[1:], "  ")
        room = view.width - row.width - 1
        lines.append(line(row, Span(bars.bar(abs(float(value or 0)), _scale(view), room, view.charset), style)))
    return lines


def sparkline(view: View, rows: int = 1) -> list[Line]:
    """The last quarter of an hour, import and, where there was any, export."""
    points = [point for point in view.gateway.points if point.at > view.now - SPARK_SPAN]
    if not points:
        return []
    used, fed = bins(points, view.now, max(view.width - SPARK_LABEL - 1, 10))
    top = max(chain(filter(None, used), filter(None, fed)), default=0)
    lines = _charted("15 min", "in", used, top, rows, Style.IMPORT, view)
    if any(fed):
        lines += _charted("", "out", fed, top, rows, Style.EXPORT, view)
    lowest, highest = min(point.import_w for point in points), max(point.import_w for point in points)
    pieces = [
        line(f"import {amount(round(lowest), 'W')} to {amount(round(highest), 'W')}"),
        line(Span(f"the bars end at {amount(_scale(view), 'W')}", Style.FAINT)),
    ]
    return [*lines, *_labelled("", pieces, view)]


def bins(points: list[Point], now: datetime, width: int) -> tuple[list[float | None], list[float | None]]:
    """Mean import and export in each of so many equal parts of the last quarter of an hour."""
    used: list[list[float]] = [[] for _ in range(width)]
    fed: list[list[float]] = [[] for _ in range(width)]
    for point in points:
        place = width - 1 - int((now - point.at) / SPARK_SPAN * width)
        if 0 <= place < width:
            used[place].append(float(point.import_w))
            fed[place].append(float(point.export_w))
    held = int(HELD / SPARK_SPAN * width)
    return _holding(used, held), _holding(fed, held)


def _holding(values: list[list[float]], most: int) -> list[float | None]:
    """The mean of each part; one without a reading has that of the last before it, unless that is too long ago."""
    means: list[float | None] = []
    last, since = None, 0
    for inside in values:
        last, since = (sum(inside) / len(inside), 0) if inside else (last, since + 1)
        means.append(last if since <= most else None)
    return means


def today(view: View) -> list[Line]:
    """What was used today."""
    total = view.gateway.today
    if total is None:
        return []
    pieces = [
        line(f"{name} ", Span(amount(total[key], unit), Style.TITLE)) for key, name, unit in TODAY if key in total
    ]
    return _labelled("Today", pieces or [line("nothing yet")], view)


def dials(view: View) -> list[Line]:
    """The registers as they stand on the dial."""
    reading = view.gateway.reading or {}
    pieces = [line(f"{name} {amount(reading[key], 'kWh')}") for key, name in DIALS if key in reading]
    tariff = reading.get("tariff")
    pieces += [line(f"tariff {tariff}")] if tariff is not None else []
    return _labelled("Dial", pieces, view) if pieces else []


def devices(view: View) -> list[Line]:
    """Gas, water and other meters, each at its own time."""
    lines = []
    for device in (view.gateway.reading or {}).get("mbus", ()):
        if device.get("value") is None:
            continue
        name = str(device["kind"]).replace("_", " ").capitalize()
        read = short_stamp(moment(device.get("measured_at")), view.now, view.zone)
        value = Span(amount(device["value"], unit_sign(device.get("unit"))), Style.TITLE)
        lines.append(line(label(name), value, Span(f"  at {read}", Style.FAINT)))
    return lines


def demand(view: View) -> list[Line]:
    """The mean of this quarter and the month's peak, where the meter tells them."""
    reading = view.gateway.reading or {}
    pieces = []
    if "demand_import_w" in reading:
        pieces.append(line("this quarter ", Span(amount(reading["demand_import_w"], "W"), Style.TITLE)))
    if "peak_import_w" in reading:
        at = short_stamp(moment(reading.get("peak_import_at")), view.now, view.zone)
        pieces.append(line("month's peak ", Span(amount(reading["peak_import_w"], "W"), Style.TITLE)))
        pieces.append(line(Span(at, Style.FAINT)))
    return _labelled("Demand", pieces, view) if pieces else []


def parts(view: View) -> list[Line]:
    """Health of every service, and why where it is not well."""
    services = [health for _, health in sorted(view.house.services.items())]
    pieces = [
        line(
            Span(view.charset.dot, HEALTH_STYLES.get(health["status"], Style.BAD)),
            f" {_called(health)}",
            "" if health["status"] == "ok" else f" {health['status']}",
        )
        for health in services
    ]
    ill = [health for health in services if health["status"] != "ok" and health.get("detail")]
    reasons = [one for health in ill for one in _warnings(f"{_called(health)}: {health['detail']}", view)]
    return [*_labelled("Parts", pieces, view), *reasons] if pieces else []


def events(view: View, most: int) -> list[Line]:
    """The newest events of the gateway and of Meterkast itself, newest first."""
    notes = notes_of(view)[:most]
    if not notes and most > 0:
        return [line(label("Events"), Span("none of late", Style.FAINT))]
    names = ["Events", *[""] * len(notes)]
    return [line(label(name), noted(note, view)).cut(view.width) for name, note in zip(names, notes, strict=False)]


def notes_of(view: View) -> list[Note]:
    """All that was noted, newest first."""
    own = [note for note in view.house.notes if note.gateway in ("", view.gateway.name)]
    return sorted([*view.gateway.events, *own], key=lambda note: note.at, reverse=True)


def noted(note: Note, view: View) -> Line:
    """A note with its time."""
    style = Style.BAD if note.bad else Style.PLAIN
    return line(Span(f"{day_and_time(note.at, view.zone):<17}", Style.FAINT), Span(view.charset.fit(note.text), style))


def footer(view: View) -> list[Line]:
    """The keys, or what was just done."""
    if view.notice:
        return [rule(view), *notice(view)]
    several = len(view.house.gateways) > 1
    pieces = [line(Span(key, Style.KEY), f" {name}") for key, name in KEYS if key != "G" or several]
    return [rule(view), *flowed(pieces, view.width)[:1]]


def notice(view: View) -> list[Line]:
    """What is asked or was just done, in lines that fit."""
    wrapped = textwrap.wrap(view.charset.fit(view.notice), view.width - 2)[:MOST_NOTICE]
    return [line(Span(f" {text}", Style.WARNING)) for text in wrapped]


def _labelled(name: str, pieces: list[Line], view: View) -> list[Line]:
    rows = flowed(pieces, view.width - len(label("").text), indent="")
    return [line(label(name if not number else ""), row) for number, row in enumerate(rows)]


def _warnings(text: str, view: View) -> list[Line]:
    sentence = view.charset.fit(f"{text[:1].upper()}{text[1:]}")
    wrapped = textwrap.wrap(sentence, view.width - 3)[:MOST_NOTICE]
    return [line(Span(f" {' ' if number else '!'} {one}", Style.BAD)) for number, one in enumerate(wrapped)]


def _charted(
    name: str, direction: str, values: list[float | None], top: float, rows: int, style: Style, view: View
) -> list[Line]:
    drawn = bars.chart(values, rows, view.charset, highest=top)
    return [
        line(label("" if row else name), f"{'' if row else direction:<6}", Span(text, style))
        for row, text in enumerate(drawn)
    ]


def _scale(view: View) -> int:
    seen = [max(point.import_w, point.export_w) for point in view.gateway.points if point.at > view.now - SPARK_SPAN]
    return bars.scale_for(float(max(seen, default=0)))


def _net(used: Number | None, fed: Number | None) -> tuple[Number | None, Style]:
    if fed and not used:
        return -fed, Style.EXPORT
    return used, Style.IMPORT


def _called(health: dict[str, object]) -> str:
    return str(health["service"] if health["instance"] == "main" else f"{health['service']} {health['instance']}")


def groups(view: View, chart_rows: int = 1) -> Iterator[list[tuple[int, list[Line]]]]:
    """The parts in the order of the screen, each with its rank; a group stands apart where there is room."""
    yield [(1, trouble(view)), (0, power(view)), (2, phases(view)), (6, sparkline(view, chart_rows))]
    yield [(3, today(view)), (8, dials(view)), (5, devices(view)), (4, demand(view))]
    yield [(7, parts(view))]
