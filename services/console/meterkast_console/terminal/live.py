"""The live view: a block that fits the terminal, or one line per reading."""

from collections.abc import Sequence

from meterkast_console.terminal import sections
from meterkast_console.terminal.figures import amount, clock, number
from meterkast_console.terminal.line import Line, line
from meterkast_console.terminal.view import View

LEAST_ROWS = 3
PLAIN_PHASES = ("l1", "l2", "l3")


def live_block(view: View) -> list[Line]:
    """Exactly as many lines as the terminal has, none wider than it: what matters most stays where room is scarce."""
    head, foot = sections.header(view), sections.footer(view)
    room = view.size.rows - len(head) - len(foot)
    if room < LEAST_ROWS:
        head, foot, room = [], [], view.size.rows
    body = _fitting([(rank, lines) for rank, lines in sections.each(view) if lines], room)
    body += sections.events(view, room - len(body))
    body += [Line()] * (room - len(body))
    return [fitted(one, view) for one in (*head, *body, *foot)]


def fitted(one: Line, view: View) -> Line:
    """The line in the terminal's characters and width."""
    spans = tuple(type(span)(view.charset.fit(span.text), span.style) for span in one.spans)
    return Line(spans).cut(view.width)


def _fitting(parts: Sequence[tuple[int, list[Line]]], room: int) -> list[Line]:
    """The parts in their order, without those of the highest rank until the rest fits."""
    kept = list(parts)
    while len(kept) > 1 and sum(len(lines) for _, lines in kept) > room:
        kept.remove(max(kept, key=lambda part: part[0]))
    return [one for _, lines in kept for one in lines][:room]


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
