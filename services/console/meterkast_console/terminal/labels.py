"""How a line of the screen begins, and lines that are told rather than measured."""

import textwrap

from meterkast_console.terminal.line import Line, Span, Style, flowed, line
from meterkast_console.terminal.view import View

MOST_NOTICE = 3


def label(text: str) -> Span:
    """The name of a line."""
    return Span(f" {text:<9}", Style.FAINT)


def rule(view: View) -> Line:
    """A line across."""
    return line(Span(view.charset.rule * view.width, Style.FAINT))


def labelled(name: str, pieces: list[Line], view: View) -> list[Line]:
    """Pieces after a name, in as many lines as they need."""
    rows = flowed(pieces, view.width - len(label("").text), indent="")
    return [line(label(name if not number else ""), row) for number, row in enumerate(rows)]


def warnings(text: str, view: View) -> list[Line]:
    """A sentence that should not be overlooked."""
    sentence = view.charset.fit(f"{text[:1].upper()}{text[1:]}")
    wrapped = textwrap.wrap(sentence, view.width - 3)[:MOST_NOTICE]
    return [line(Span(f" {' ' if number else '!'} {one}", Style.BAD)) for number, one in enumerate(wrapped)]


def notice(view: View) -> list[Line]:
    """What is asked or was just done, in lines that fit."""
    wrapped = textwrap.wrap(view.charset.fit(view.notice), view.width - 2)[:MOST_NOTICE]
    return [line(Span(f" {text}", Style.WARNING)) for text in wrapped]
