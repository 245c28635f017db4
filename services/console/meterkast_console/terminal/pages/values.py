"""Every value of the newest reading, with its code and unit."""

from meterkast_contracts.catalogue import CATALOGUE

from meterkast_console.terminal.figures import amount, number, unit_sign
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

_ENTRIES = {entry.name: entry for entry in reversed(CATALOGUE)}
WIDE = 70


def values(view: View) -> list[Line]:
    """One line per value, in the order in which they stand in the reading."""
    reading = view.gateway.reading or {}
    lines = [_value(name, value, view) for name, value in reading.items() if not isinstance(value, list | dict)]
    lines += [line(Span(f"  {code:<14}", Style.FAINT), text) for code, text in reading.get("other", {}).items()]
    warnings = [line(Span(f"  ! {text}", Style.WARNING)) for text in reading.get("warnings", ())]
    return [*lines, *warnings] or [line(" No reading has come yet.")]


def _value(name: str, value: object, view: View) -> Line:
    entry = _ENTRIES.get(name)
    shown = str(value) if entry is None or number(value) is None else amount(value, unit_sign(entry.unit)).rstrip()
    code = f"{entry.codes[0].replace('?', '0') if entry else '':<14}" if view.width >= WIDE else ""
    return line(Span(f"  {code}{name:<26}", Style.FAINT), shown)
