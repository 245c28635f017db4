"""Asks a terminal what it can by what it does: a letter of two bytes, and where the cursor stands after it."""

import asyncio
import re
from collections.abc import Awaitable, Callable

from meterkast_console.terminal.charset import ASCII, UTF8, Charset
from meterkast_console.terminal.wire import Capabilities

LETTER = "\u00e9"
QUESTION = f"\r{LETTER}\x1b[6n\r\x1b[K\x1b7\x1b[999;999H\x1b[6n\x1b8"
WITHIN_S = 1.5
AFTER_ONE = 2
_ANSWER = re.compile(r"\x1b\[(\d{1,4});(\d{1,4})R")
_DUMB = re.compile(r"dumb|unknown|network|printer|su|")
_KNOWN = re.compile(
    r"(xterm|vt[1-9]|linux|screen|tmux|ansi|rxvt|putty|konsole|alacritty|foot|kitty|cygwin)", re.IGNORECASE
)
_UTF8 = re.compile(r"utf-?8", re.IGNORECASE)


def is_dumb(term: str) -> bool:
    """Whether a terminal of this type cannot be asked."""
    return _DUMB.fullmatch(term.lower()) is not None


def negotiated(name: str | None) -> Charset | None:
    """The charset of a name or a locale, `UTF-8`, `nl_NL.UTF-8`, `C`; None where nothing was said."""
    if not name:
        return None
    return UTF8 if _UTF8.search(name) else ASCII


async def explore(
    can: Capabilities,
    term: str,
    *,
    said: str | None,
    sized: bool,
    read: Callable[[], Awaitable[str]],
    write: Callable[[str], None],
) -> str:
    """Find out what the terminal can; returns what was typed meanwhile."""
    if is_dumb(term):
        can.charset = negotiated(said) or ASCII
        return ""
    write(QUESTION)
    heard = ""
    try:
        async with asyncio.timeout(WITHIN_S):
            while len(_ANSWER.findall(heard)) < AFTER_ONE and (text := await read()):
                heard += text
    except TimeoutError:
        pass
    answers = _ANSWER.findall(heard)
    can.block = bool(answers) or _KNOWN.match(term) is not None
    narrow = bool(answers) and int(answers[0][1]) == AFTER_ONE
    can.charset = negotiated(said) or (UTF8 if narrow else ASCII)
    if not sized and len(answers) == AFTER_ONE:
        can.resize(columns=int(answers[1][1]), rows=int(answers[1][0]))
    return _ANSWER.sub("", heard)
