"""The menu: what each key does."""

from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

MENU = (
    ("B", "board and versions"),
    ("D", "tables: hours, then days, then months"),
    ("F", "forget WiFi"),
    ("G", "the next gateway"),
    ("I", "identify: the gateway blinks"),
    ("L", "log: events and what went wrong"),
    ("N", "raw telegrams running past"),
    ("P", "purge the gateway's log"),
    ("R", "restart the gateway"),
    ("S", "files and space"),
    ("U", "update the gateway's firmware"),
    ("V", "verbose: every value of each reading"),
    ("W", "who else is connected"),
    ("H ?", "this menu"),
    ("Q", "quit"),
)


def menu(_view: View) -> list[Line]:
    """Every key with what it does."""
    return [line("  ", Span(f"{key:<4}", Style.KEY), what) for key, what in MENU]
