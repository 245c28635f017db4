"""The log: events, refused telegrams, and what went wrong in Meterkast."""

from meterkast_console.terminal.line import Line, line
from meterkast_console.terminal.sections import noted, notes_of
from meterkast_console.terminal.view import View


def log(view: View) -> list[Line]:
    """All that was noted, newest first."""
    return [line(" ", noted(note, view)) for note in notes_of(view)] or [line(" Nothing has happened yet.")]
