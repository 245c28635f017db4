"""`meterkast init`: complete the folder of a deployment, and say what to do next."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import typer

from meterkast.init import folder as folders
from meterkast.init.plan import ENV, planned
from meterkast.init.questions import asked, assumed
from meterkast.init.report import Report
from meterkast.init.wishes import Wishes


def run_init(given: Path | None, wishes: Wishes, *, ask: bool) -> None:
    """Make what is missing and change what is wished; raises LauncherError."""
    folder = folders.chosen_folder(given, Path.cwd()).resolve()
    with folders.held(folder):
        found = folders.found(folder)
        if ENV not in found:
            wishes = assumed(asked(wishes) if ask and at_terminal() else wishes)
        plan = planned(found, wishes, now=datetime.now(UTC))
        folders.prepare(folder)
        if plan.writes or plan.removes:
            folders.change(folder, plan.writes, plan.removes)
    for line in Report(folder=folder, found=found, plan=plan, wishes=wishes).lines():
        typer.echo(line)


def at_terminal() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty()
