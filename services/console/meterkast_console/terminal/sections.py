"""The parts of the live screen, each from the state to lines."""

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
)
from meterkast_console.terminal.house import Note, Point
from meterkast_console.terminal.line import Line, Span, Style, ends, flowed, line
from meterkast_console.terminal.view import View

NARROW = 60
LATE_S = 15
SPARK_SPAN = timedelta(minutes=15)
SPARK_LABEL = 16
PHASES = ("l1", "l2", "l3")
BAR_AT = 33
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
    ("D", "tables"),
    ("L", "log"),
    ("N", "telegrams"),
    ("V", "verbose"),
    ("B", "board"),
    ("S", "files"),
    ("W", "who"),
    ("G", "gateway"),
    ("H", "menu"),
    ("Q", "quit"),
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
        return [_warning(f"{text}{since}", view)]
    if late is None:
        return [_warning("No reading has come yet.", view)]
    return [_warning(f"The last reading is {lasting(late)} old.", view)] if late > LATE_S else []


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
        first = label("Power") if name == "import" else label("")
        lines.append(line(first, f"{name} ", Span(f"{amount(value, 'W'):>9}", Style.TITLE), " ", Span(drawn, style)))
    return lines


def phases(view: View) -> list[Line]:
    """Each phase: power, voltage, current, and a bar on the scale of all."""
    reading = view.gateway.reading or {}
    lines = []
    for phase in PHASES:
        used, fed = number(reading.get(f"power_import_{phase}_w")), number(reading.get(f"power_export_{phase}_w"))
        voltage, current = reading.get(f"voltage_{phase}_v"), reading.get(f"current_{phase}_a")
        if used is None and voltage is None and current is None:
            continue
        value, style = _net(used, fed)
        cells = [f"{amount(value, 'W'):>9}"]
        cells += [f"{amount(voltage, 'V'):>8}"] if voltage is not None else []
        cells += [f"{amount(current, 'A'):>8}"] if current is not None and view.width >= NARROW else []
        start = line(label(f"  {phase.upper()}")).cut(6)
        row = line(start, *cells, "  ")
        room = view.width - row.width - 1
        lines.append(line(row, Span(bars.bar(abs(float(value or 0)), _scale(view), room, view.charset), style)))
    return lines


def sparkline(view: View) -> list[Line]:
    """The last quarter of an hour, import and, where there was any, export."""
    points = [point for point in view.gateway.points if point.at > view.now - SPARK_SPAN]
    if not points:
        return []
    width = max(view.width - SPARK_LABEL - 1, 10)
    used, fed = bins(points, view.now, width)
    top = max(chain(filter(None, used), filter(None, fed)), default=0)
    lines = [_sparked("15 min", "in", used, top, Style.IMPORT, view)]
    if any(fed):
        lines.append(_sparked("", "out", fed, top, Style.EXPORT, view))
    lowest, highest = min(point.import_w for point in points), max(point.import_w for point in points)
    return [*lines, line(label(""), f"lowest {amount(lowest, 'W')}, highest {amount(highest, 'W')} import")]


def bins(points: list[Point], now: datetime, width: int) -> tuple[list[float | None], list[float | None]]:
    """Mean import and export in each of so many equal parts of the last quarter of an hour."""
    used: list[list[float]] = [[] for _ in range(width)]
    fed: list[list[float]] = [[] for _ in range(width)]
    for point in points:
        place = width - 1 - int((now - point.at) / SPARK_SPAN * width)
        if 0 <= place < width:
            used[place].append(float(point.import_w))
            fed[place].append(float(point.export_w))
    return [_mean(values) for values in used], [_mean(values) for values in fed]


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
        read = day_and_time(moment(device.get("measured_at")), view.zone)
        value = Span(amount(device["value"], str(device.get("unit", ""))), Style.TITLE)
        lines.append(line(label(name), value, Span(f"  at {read}", Style.FAINT)))
    return lines


def demand(view: View) -> list[Line]:
    """The mean of this quarter and the month's peak, where the meter tells them."""
    reading = view.gateway.reading or {}
    pieces = []
    if "demand_import_w" in reading:
        pieces.append(line("this quarter ", Span(amount(reading["demand_import_w"], "W"), Style.TITLE)))
    if "peak_import_w" in reading:
        at = day_and_time(moment(reading.get("peak_import_at")), view.zone)
        peak = Span(amount(reading["peak_import_w"], "W"), Style.TITLE)
        pieces.append(line("month's peak ", peak, Span(f" {at}", Style.FAINT)))
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
    reasons = [_warning(f"{_called(health)}: {health['detail']}", view) for health in ill]
    return [*_labelled("Parts", pieces, view), *reasons] if pieces else []


def events(view: View, most: int) -> list[Line]:
    """The newest events of the gateway and of Meterkast itself, newest first."""
    notes = notes_of(view)[:most]
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
        return [rule(view), line(Span(f" {view.charset.fit(view.notice)}", Style.WARNING)).cut(view.width)]
    pieces = [
        line(Span(key, Style.KEY), f" {name}") for key, name in KEYS if key != "G" or len(view.house.gateways) > 1
    ]
    return [rule(view), *flowed(pieces, view.width)[: 1 if view.size.rows < NARROW else None]]


def _labelled(name: str, pieces: list[Line], view: View) -> list[Line]:
    rows = flowed(pieces, view.width - len(label("").text), indent="")
    return [line(label(name if not number else ""), row) for number, row in enumerate(rows)]


def _warning(text: str, view: View) -> Line:
    return line(Span(f" ! {view.charset.fit(text)}", Style.BAD)).cut(view.width)


def _sparked(name: str, direction: str, values: list[float | None], top: float, style: Style, view: View) -> Line:
    drawn = bars.spark(values, view.charset, highest=top)
    return line(label(name), f"{direction:<6}", Span(drawn, style))


def _scale(view: View) -> int:
    seen = [max(point.import_w, point.export_w) for point in view.gateway.points if point.at > view.now - SPARK_SPAN]
    return bars.scale_for(float(max(seen, default=0)))


def _net(used: Number | None, fed: Number | None) -> tuple[Number | None, Style]:
    if fed and not used:
        return -fed, Style.EXPORT
    return used, Style.IMPORT


def _mean(values: list[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _called(health: dict[str, object]) -> str:
    return str(health["service"] if health["instance"] == "main" else f"{health['service']} {health['instance']}")


def each(view: View) -> Iterator[tuple[int, list[Line]]]:
    """Every part in the order of the screen, with its rank."""
    yield from ((1, trouble(view)), (0, power(view)), (2, phases(view)), (6, sparkline(view)), (3, today(view)))
    yield from ((8, dials(view)), (5, devices(view)), (4, demand(view)), (7, parts(view)))
