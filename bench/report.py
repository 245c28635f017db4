"""Figures as they are printed and kept."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, what came out, what was aimed at."""

    name: str
    value: str
    aim: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that belong together and how they were taken."""

    title: str
    how: str
    figures: Sequence[Figure]

    def text(self) -> str:
        """As Markdown."""
        rows = [f"| {figure.name} | {figure.value} | {figure.aim} |" for figure in self.figures]
        return "\n".join((f"## {self.title}", self.how, "", "| | measured | aim |", "|---|---|---|", *rows, ""))


def write(
    sections: Sequence[Section], to: Path = RESULTS, title: str = "How fast", command: str = "make bench"
) -> None:
    """Write the results file."""
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    where = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()}"
    head = (
        f"# {title}\n\n"
        f"Written by `{command}` on {when} ({where}). Ratios are taken within one run and mean something; "
        "absolute figures belong to this machine on that day.\n"
    )
    to.write_text("\n".join((head, *(section.text() for section in sections))), encoding="utf-8")
