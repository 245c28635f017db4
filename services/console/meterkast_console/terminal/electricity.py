"""The electricity's parts of the live screen: power now, its phases, its last quarter of an hour, its registers."""

from datetime import datetime, timedelta
from itertools import chain

from meterkast_console.terminal import bars
from meterkast_console.terminal.figures import Number, amount, moment, number, short_stamp
from meterkast_console.terminal.house import Point
from meterkast_console.terminal.labels import label, labelled
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

NARROW = 60
TINY = 30
SPARK_SPAN = timedelta(minutes=15)
SPARK_LABEL = 16
HELD = timedelta(seconds=30)
"""A meter of before 2016 sends every ten seconds, and a telegram may be lost."""
PHASES = ("l1", "l2", "l3")
PHASE_NAMES = ("power_import_{}_w", "power_export_{}_w", "voltage_{}_v", "current_{}_a")
DIALS = (
    ("energy_import_t1_kwh", "import T1"),
    ("energy_import_t2_kwh", "T2"),
    ("energy_export_t1_kwh", "export T1"),
    ("energy_export_t2_kwh", "T2"),
    ("energy_import_kwh", "import"),
    ("energy_export_kwh", "export"),
)


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
    return [*lines, *labelled("", pieces, view)]


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
    return labelled("Demand", pieces, view) if pieces else []


def dials(view: View) -> list[Line]:
    """The registers as they stand on the dial."""
    reading = view.gateway.reading or {}
    pieces = [line(f"{name} {amount(reading[key], 'kWh')}") for key, name in DIALS if key in reading]
    tariff = reading.get("tariff")
    pieces += [line(f"tariff {tariff}")] if tariff is not None else []
    return labelled("Dial", pieces, view) if pieces else []


def _holding(values: list[list[float]], most: int) -> list[float | None]:
    """The mean of each part; one without a reading has that of the last before it, unless that is too long ago."""
    means: list[float | None] = []
    last, since = None, 0
    for inside in values:
        last, since = (sum(inside) / len(inside), 0) if inside else (last, since + 1)
        means.append(last if since <= most else None)
    return means


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
