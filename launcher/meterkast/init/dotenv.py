"""The file `.env` as text: read, and changed line by line, so that what a person wrote there stays."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def values(text: str) -> dict[str, str]:
    """Return what the lines set, without quotes; the last line of a name counts."""
    matches = (_LINE.fullmatch(line) for line in text.splitlines())
    return {found[1]: _bare(found[2]) for found in matches if found}


def with_values(text: str, wanted: Mapping[str, str]) -> str:
    """Return the text with these lines set where they stand; a name that has no line is left out."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        found = _LINE.fullmatch(line)
        if found and found[1] in wanted and _bare(found[2]) != wanted[found[1]]:
            lines[number] = f"{found[1]}={wanted[found[1]]}"
    return "".join(f"{line}\n" for line in lines)


def _bare(value: str) -> str:
    for quote in "'\"":
        if len(value) > 1 and value[0] == value[-1] == quote:
            return value[1:-1]
    return value
