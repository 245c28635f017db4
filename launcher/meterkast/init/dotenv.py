"""The file `.env` as text: read, and changed line by line, so that what a person wrote there stays."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")


def values(text: str) -> dict[str, str]:
    """Return what the lines set, without quotes and comments; the last line of a name counts."""
    matches = (_LINE.fullmatch(line) for line in text.split("\n"))
    return {found[1]: _bare(found[2]) for found in matches if found}


def with_values(text: str, wanted: Mapping[str, str]) -> str:
    """Return the text with these lines set where they stand; a name that has no line is left out."""
    lines = text.removesuffix("\n").split("\n")
    last = {found[1]: number for number, line in enumerate(lines) if (found := _LINE.fullmatch(line))}
    there = values(text)
    for name, number in last.items():
        if name in wanted and wanted[name] != there[name]:
            lines[number] = f"{name}={wanted[name]}"
    return "".join(f"{line}\n" for line in lines)


def _bare(value: str) -> str:
    if value[:1] in {"'", '"'} and (end := value.find(value[0], 1)) > 0:
        return value[1:end]
    return value.partition(" #")[0].rstrip()
