"""The live view: a block that fits the terminal, or one line per reading."""

from collections.abc import Sequence

from meterkast_console.terminal import sections
from meterkast_console.terminal.figures import amount, clock, number
from meterkast_console.terminal.line import Line, line
from meterkast_console.terminal.view import View

LEAST_ROWS = 3
EVENTS_ROOM = 2
EVENTS_WELCOME = 6
LEAST_CHART, MOST_CHART = 6, 8
Group = Sequence[tuple[int, list[Line]]]
PLAIN_PHASES = ("l1", "l2", "l3")


def live_block(view: View) -> list[Line]:
    """Exactly as many lines as the terminal has, none wider than it: what matters most stays where room is scarce."""
    head, foot = sections.header(view), sections.footer(view)
    room = view.size.rows - len(head) - len(foot)
    if room < LEAST_ROWS:
        head, foot, room = [], [], view.size.rows
    body = _body(view, 1, room)
    spare = room - len(body) - EVENTS_WELCOME
    if spare >= LEAST_CHART:
        rows = min(spare // 2, MOST_CHART)
        body = _body(view, rows, room)
    body += sections.events(view, room - len(body))
    body += [Line()] * (room - len(body))
    return [fitted(one, view) for one in (*head, *body, *foot)]


def fitted(one: Line, view: View) -> Line:
    """The line in the terminal's characters and width."""
    spans = tuple(type(span)(view.charset.fit(span.text), span.style) for span in one.spans)
    return Line(spans).cut(view.width)


def _body(view: View, chart_rows: int, room: int) -> list[Line]:
    parts = [[(rank, lines) for rank, lines in group if lines] for group in sections.groups(view, chart_rows)]
    return _fitting(parts, room)


def _fitting(groups: Sequence[Group], room: int) -> list[Line]:
    """The parts in their order, without those of the highest rank until the rest fits; apart where there is room."""
    ranks = sorted((rank for group in groups for rank, _ in group), reverse=True)
    for most in ranks:
        kept = [[one for rank, lines in group if rank <= most for one in lines] for group in groups]
        kept = [lines for lines in kept if lines]
        used = sum(len(lines) for lines in kept)
        if used + len(kept) + EVENTS_ROOM <= room:
            return [one for lines in kept for one in (*lines, Line())]
        if used <= room or most == ranks[-1]:
            return [one for lines in kept for one in lines][:room]
    return []


def reading_line(view: View) -> Line:
    """The newest reading in one line, for a terminal that only scrolls."""
    reading = view.gateway.reading or {}
    pieces = [clock(view.gateway.read_at, view.zone)]
    pieces += [view.gateway.name] if len(view.house.gateways) > 1 else []
    for key, name in (("power_import_w", "import"), ("power_export_w", "export")):
        if number(reading.get(key)) is not None:
            pieces.append(f"{name} {amount(reading[key], 'W')}")
    for phase in PLAIN_PHASES:
        if (used := number(reading.get(f"power_import_{phase}_w"))) is not None:
            fed = number(reading.get(f"power_export_{phase}_w"))
            pieces.append(f"{phase.upper()} {amount(-fed if fed and not used else used, 'W')}")
    total = view.gateway.today or {}
    if "energy_import_kwh" in total:
        pieces.append(f"today {amount(total['energy_import_kwh'], 'kWh')}")
    if "gas_m3" in reading:
        pieces.append(f"gas {amount(reading['gas_m3'], 'm³')}")
    return line(view.charset.fit("  ".join(pieces)))
