"""A running pipeline and a real Chromium that looks at it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from meterkast_api.routes.page import STATIC
from playwright.async_api import BrowserContext, ConsoleMessage, Page, Playwright, ViewportSize, async_playwright

from tests.brokers import Broker
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
PHONE = ViewportSize(width=390, height=844)
LAPTOP = ViewportSize(width=1440, height=900)


@dataclass(kw_only=True)
class Look:
    """How a person looks at the page."""

    language: str = "en-GB"
    theme: Literal["light", "dark"] = "light"
    size: ViewportSize = field(default_factory=lambda: LAPTOP)
    bypass_csp: bool = False
    reduced_motion: Literal["reduce", "no-preference"] = "reduce"


class Browser:
    """Opens pages, each in a Chromium with a profile of its own, and notes what goes wrong in them."""

    def __init__(self, playwright: Playwright, program: str, directory: Path, stack: AsyncExitStack) -> None:
        self.complaints: list[str] = []
        self._playwright = playwright
        self._program = program
        self._directory = directory
        self._stack = stack
        self._opened = 0

    async def open(self, url: str, look: Look | None = None) -> Page:
        """Load an address."""
        page = await self.blank(look)
        await page.goto(url, wait_until="domcontentloaded")
        return page

    async def blank(self, look: Look | None = None) -> Page:
        """An empty page."""
        context = await self._context(look or Look())
        page = context.pages[0]
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    async def _context(self, look: Look) -> BrowserContext:
        self._opened += 1
        context = await self._playwright.chromium.launch_persistent_context(
            self._directory / f"profile-{self._opened}",
            executable_path=self._program,
            args=ARGUMENTS,
            locale=look.language,
            color_scheme=look.theme,
            viewport=look.size,
            bypass_csp=look.bypass_csp,
            reduced_motion=look.reduced_motion,
        )
        self._stack.push_async_callback(context.close)
        return context

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


@pytest.fixture
def chromium() -> str:
    """Path of Chromium."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is missing; get it by: apt install chromium")
    return program


@pytest.fixture
def built() -> Path:
    """Folder of the built page."""
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built; get it by: make web")
    return STATIC


@pytest.fixture
async def browser(chromium: str, tmp_path: Path) -> AsyncIterator[Browser]:
    """Give a browser whose pages are closed at the end."""
    async with async_playwright() as playwright, AsyncExitStack() as stack:
        yield Browser(playwright, chromium, tmp_path, stack)


@pytest.fixture
async def pipeline(mosquitto: Broker, built: Path, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """Give a running pipeline."""
    del built
    async with running(mosquitto, tmp_path / "data") as started:
        yield started
