"""Keys out of what a terminal sends."""

import re
from collections.abc import Iterator

ENTER, ESCAPE, BACKSPACE, LEFT, RIGHT, UP, DOWN = "enter", "escape", "backspace", "left", "right", "up", "down"
PAGE_UP, PAGE_DOWN, LEAVE, ERASE = "page-up", "page-down", "leave", "erase"

_SEQUENCES = {"A": UP, "B": DOWN, "C": RIGHT, "D": LEFT, "5~": PAGE_UP, "6~": PAGE_DOWN}
_CONTROLS = {
    "\r": ENTER,
    "\n": ENTER,
    "\x7f": BACKSPACE,
    "\x08": BACKSPACE,
    "\x03": LEAVE,
    "\x04": LEAVE,
    "\x1c": LEAVE,
    "\x15": ERASE,
}
_KEY = re.compile(r"\r\n|\r\x00|\x1b(?:\[|O)([0-9;?]*[@-~])|\x1b|.", re.DOTALL)
_REQUEST = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|TRACE|CONNECT) ")
REQUEST_LENGTH = 8
"""So much of an HTTP request tells that it is one."""


def keys(text: str) -> Iterator[str]:
    """Keys pressed, printable ones as they are; a key that sends several characters is one, others are nothing."""
    for found in _KEY.finditer(text):
        sent = found.group()
        if found.group(1) is not None:
            if (named := _SEQUENCES.get(found.group(1))) is not None:
                yield named
        elif sent[0] in "\r\n":
            yield ENTER
        elif sent == "\x1b":
            yield ESCAPE
        elif (named := _CONTROLS.get(sent)) is not None:
            yield named
        elif sent.isprintable():
            yield sent


def is_request(text: str) -> bool:
    """Whether this begins an HTTP request: any page of a browser could send one here, with keys in it."""
    return _REQUEST.match(text) is not None
