"""`meterkast-console push`: sends files now, for a timer or by hand."""

import argparse
import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from meterkast_runtime.errors import MeterkastError

from meterkast_console.files.building import tree_at
from meterkast_console.push.service import pusher_of
from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.settings import ConsoleSettings

EXIT_FAILED, EXIT_SETTINGS = 1, 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--once", action="store_true", help="send what has changed and end; this is what it does")
    parser.add_argument("--all", action="store_true", help="send also what has been sent already")


def push(settings: ConsoleSettings, *, everything: bool) -> int:
    """Send what has changed; return the exit code."""
    if settings.console.push.to is None:
        sys.stderr.write("There is no destination: set to in the section [console.push].\n")
        return EXIT_SETTINGS
    try:
        sys.stdout.write(f"{asyncio.run(_pushed(settings, everything=everything))}\n")
    except MeterkastError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_FAILED
    return 0


async def _pushed(settings: ConsoleSettings, *, everything: bool) -> str:
    section = settings.console
    with TemporaryDirectory(prefix="meterkast-push-") as folder:
        async with Pool(section.api) as pool:
            tree = tree_at(Path(folder), Api(pool, Pass.of_token(section.token)), section.files)
            try:
                return str(await pusher_of(section.push, tree, settings.data_dir, everything=everything).push())
            finally:
                await tree.close()
