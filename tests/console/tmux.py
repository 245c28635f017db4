"""A real terminal: tmux, and in it a program of Debian's."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
WITHIN_S = 40.0
LOOK_EVERY_S = 0.05
PACKAGES = {"tmux": "tmux", "telnet": "inetutils-telnet", "busybox": "busybox", "ssh": "openssh-client"}


def needs(*programs: str) -> None:
    """Skip the test where a program is missing, with how to get it."""
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed: sudo apt install {PACKAGES[program]}")


class Tmux:
    """One window of a size, in which a command runs."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def start(self, command: str, columns: int, rows: int) -> None:
        """Start the command."""
        size = ("-x", str(columns), "-y", str(rows))
        self._tmux("-f", "/dev/null", "new-session", "-d", "-s", "it", *size, command)
        self._tmux("set-option", "-g", "remain-on-exit", "on")

    def press(self, *keys: str) -> None:
        """Press keys; names are tmux's."""
        self._tmux("send-keys", "-t", "it", *keys)

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        self._tmux("resize-window", "-t", "it", "-x", str(columns), "-y", str(rows))

    def screen(self) -> str:
        """What is on the screen."""
        return self._tmux("capture-pane", "-p", "-t", "it")

    async def until(self, *words: str) -> str:
        """Wait until the screen shows all of these words; returns the screen."""
        try:
            async with asyncio.timeout(WITHIN_S):
                while any(word not in (screen := self.screen()) for word in words):  # noqa: ASYNC110 - a screen
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise AssertionError(f"{words} are not all on the screen:\n{self.screen()}") from None
        return screen

    async def until_right(self, check: Callable[[str], None]) -> str:
        """Wait until the screen stands up to a check, which one half drawn need not; returns the screen."""
        deadline = asyncio.get_running_loop().time() + WITHIN_S
        while True:
            screen = self.screen()
            try:
                check(screen)
            except AssertionError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(LOOK_EVERY_S)
            else:
                return screen

    def end(self) -> None:
        """End the program, and the terminal with it."""
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        command = ("tmux", "-u", "-S", str(self._socket), *arguments)
        plain = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
        environment = {**plain, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        return subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout


@contextmanager
def terminal(directory: Path, command: str, columns: int = 80, rows: int = 24) -> Iterator[Tmux]:
    """Run a command in a terminal until the block ends."""
    window = Tmux(directory / "tmux")
    window.start(command, columns, rows)
    try:
        yield window
    finally:
        window.end()


def keep(name: str, screen: str) -> None:
    """Keep a screen for people to look at."""
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / f"console-{name}.txt").write_text(screen, encoding="utf-8")
