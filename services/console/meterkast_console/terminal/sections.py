"""The parts of the live screen, each from the state to lines."""

from collections.abc import Iterator

from meterkast_console.terminal import electricity
from meterkast_console.terminal.figures import (
    amount,
    clock,
    day_and_time,
    lasting,
    moment,
    short_stamp,
    unit_sign,
)
from meterkast_console.terminal.house import Note
from meterkast_console.terminal.labels import label, labelled, notice, rule, warnings
from meterkast_console.terminal.line import Line, Span, Style, ends, flowed, line
from meterkast_console.terminal.view import View

NARROW = 60
LATE_S = 15
STATUS_STYLES = {"online": Style.GOOD, "offline": Style.BAD}
HEALTH_STYLES = {"ok": Style.GOOD, "starting": Style.WARNING, "degraded": Style.WARNING, "stopped": Style.WARNING}
TODAY = (
    ("energy_import_kwh", "import", "kWh"),
    ("energy_export_kwh", "export", "kWh"),
    ("gas_m3", "gas", "m³"),
    ("water_m3", "water", "m³"),
    ("heat_gj", "heat", "GJ"),
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


def header(view: View) -> list[Line]:
    """Name, state and time."""
    gateway = view.gateway
    status = Span(f"{view.charset.dot} {gateway.status}", STATUS_STYLES.get(gateway.status, Style.FAINT))
    left = line(" ", Span("Meterkast", Style.TITLE), " ", Span(gateway.name, Style.KEY), "  ", status)
    stamp = gateway.read_at or view.now
    right = f"{day_and_time(stamp, view.zone)[:-6]} {clock(stamp, view.zone)} " if view.width >= NARROW else ""
    return [ends(left, line(right), view.width), rule(view)]


def trouble(view: View) -> list[Line]:
    """What keeps the screen from being live."""
    house, gateway = view.house, view.gateway
    late = (view.now - gateway.read_at).total_seconds() if gateway.read_at else None
    if not house.heard:
        text = house.trouble or "Waiting for the API."
        since = f" The last reading is {lasting(late)} old." if late is not None else ""
        return warnings(f"{text}{since}", view)
    if house.trouble:
        return warnings(house.trouble, view)
    if late is None:
        return warnings("No reading has come yet.", view)
    return warnings(f"The last reading is {lasting(late)} old.", view) if late > LATE_S else []


def today(view: View) -> list[Line]:
    """What was used today."""
    total = view.gateway.today
    if total is None:
        return []
    pieces = [
        line(f"{name} ", Span(amount(total[key], unit), Style.TITLE)) for key, name, unit in TODAY if key in total
    ]
    return labelled("Today", pieces or [line("nothing yet")], view)


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
    reasons = [one for health in ill for one in warnings(f"{_called(health)}: {health['detail']}", view)]
    return [*labelled("Parts", pieces, view), *reasons] if pieces else []


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


def _called(health: dict[str, object]) -> str:
    return str(health["service"] if health["instance"] == "main" else f"{health['service']} {health['instance']}")


def groups(view: View, chart_rows: int = 1) -> Iterator[list[tuple[int, list[Line]]]]:
    """The parts in the order of the screen, each with its rank; a group stands apart where there is room."""
    yield [
        (1, trouble(view)),
        (0, electricity.power(view)),
        (2, electricity.phases(view)),
        (6, electricity.sparkline(view, chart_rows)),
    ]
    yield [(3, today(view)), (8, electricity.dials(view)), (5, devices(view)), (4, electricity.demand(view))]
    yield [(7, parts(view))]
