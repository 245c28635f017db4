"""A running pipeline and a real Chromium that looks at it."""

import re
import shlex
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from meterkast_api.routes.page import STATIC
from playwright.async_api import Browser as Chromium
from playwright.async_api import ConsoleMessage, Page, ViewportSize, async_playwright, expect

from tests.brokers import BROKERS, Broker, BrokerMissingError
from tests.browser import deaf, years
from tests.browser.pipeline import Pipeline, running

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# What a gateway need not have said yet.
OPTIONAL = re.compile(r"/api/v1/meters/[^/]+/(device|telegram)")
expect.set_options(timeout=15_000)
PHONE = ViewportSize(width=390, height=844)
LAPTOP = ViewportSize(width=1440, height=900)


@dataclass(kw_only=True)
class Look:
    """How a person looks at the page."""

    language: str = "en-GB"
    theme: Literal["light", "dark"] = "light"
    size: ViewportSize = field(default_factory=lambda: LAPTOP)
    bypass_csp: bool = False


class Browser:
    """Opens pages, each with a profile of its own, and notes what goes wrong in them."""

    def __init__(self, chromium: Chromium, stack: AsyncExitStack) -> None:
        self.complaints: list[str] = []
        self._chromium = chromium
        self._stack = stack

    async def open(self, url: str, look: Look | None = None) -> Page:
        """Load an address."""
        page = await self.blank(look)
        await page.goto(url, wait_until="domcontentloaded")
        return page

    async def blank(self, look: Look | None = None) -> Page:
        """An empty page."""
        look = look or Look()
        context = await self._chromium.new_context(
            locale=look.language,
            color_scheme=look.theme,
            viewport=look.size,
            bypass_csp=look.bypass_csp,
            reduced_motion="reduce",
        )
        self._stack.push_async_callback(context.close)
        page = await context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def _note(self, message: ConsoleMessage) -> None:
        path = urlsplit(message.location.get("url", "")).path
        if message.type in ("error", "warning") and not OPTIONAL.fullmatch(path):
            self.complaints.append(f"{message.text} {path}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker run all tests of this folder: one Chromium is enough for a machine."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chromium]:
    """Give a running Chromium, the system's own, with a folder of its own; networks may come and go meanwhile."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is missing; get it by: apt install chromium")
    starter = tmp_path_factory.mktemp("chromium") / "chromium"
    starter.write_text(f'#!/bin/sh\nexec {shlex.join(_deaf(program))} "$@"\n')
    starter.chmod(0o700)
    async with async_playwright() as playwright:
        running_chromium = await playwright.chromium.launch(executable_path=starter, args=ARGUMENTS)
        yield running_chromium
        await running_chromium.close()


def _deaf(program: str) -> list[str]:
    return [sys.executable, deaf.__file__, program] if sys.platform == "linux" else [program]


@pytest.fixture(scope="session")
def built() -> Path:
    """Folder of the built page."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built; get it by: make web")
    return STATIC


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Chromium, built: Path) -> AsyncIterator[Browser]:
    """Give a browser whose pages are closed at the end."""
    del built
    async with AsyncExitStack() as stack:
        yield Browser(chromium, stack)


@pytest_asyncio.fixture(loop_scope="session")
async def pipeline(mosquitto: Broker, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """Give a running pipeline."""
    async with running(mosquitto, tmp_path / "data") as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def lived_in(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pipeline]:
    """Give a running pipeline that has weeks of last year behind it; for pages that change nothing."""
    folder = tmp_path_factory.mktemp("years")
    broker = BROKERS["mosquitto"](folder / "broker")
    try:
        broker.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    await years.fill(folder / "data")
    async with running(broker, folder / "data") as started:
        yield started
    broker.stop()
