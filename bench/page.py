"""The pages that look back, in Chromium: from the click to the frame in which bars or curve are drawn."""

import asyncio
import shutil
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from bench import decade
from bench.report import Figure, Section
from tests.browser.conftest import ARGUMENTS, LAPTOP
from tests.pipeline.home import Home

ROUNDS = 7
CLICK = """([selector, done]) => new Promise(resolve => {
    const is = new Function(`return ${done}`);
    const asked = () => performance.getEntriesByType("resource").filter(({ name }) => /\\/(usage|power)\\?/.test(name));
    performance.clearResourceTimings();
    const began = performance.now();
    document.querySelector(selector).click();
    const look = () => requestAnimationFrame(is() ? last : look);
    const last = () => requestAnimationFrame(() => resolve(
        [performance.now() - began, Math.max(...asked().map(({ duration }) => duration), 0)]));
    look();
})"""
"""Milliseconds from a click until what it asks for has been drawn, and those of them that the request took."""
IDLE = "!document.querySelector('[aria-busy=true]')"


@dataclass(frozen=True, slots=True)
class Act:
    """A click at an address, and what holds once it has been answered."""

    name: str
    address: str
    button: str
    done: str
    aim: str


def _bars(shown: str, count: int) -> str:
    return f'document.querySelector(\'.bar-chart[data-shown="{shown}"][data-bars="{count}"] .drawing\') && {IDLE}'


_CURVE = f"document.querySelector('.power-chart').dataset.step >= 86400 && {IDLE}"
_DAY = "from=2024-06-01T00:00:00Z&to=2024-06-02T00:00:00Z"
ACTS = (
    Act("the year by months", "/history?at=2024-06-05", "spans-year", _bars("year-month", 12), "< 300 ms"),
    Act("the year by days", "/history?span=year&at=2024-06-05", "units-day", _bars("year-day", 366), "< 300 ms"),
    Act("ten years by years", "/history?at=2025-06-05", "spans-years", _bars("years-year", 10), "< 500 ms"),
    Act(
        "ten years by months", "/history?span=years&at=2025-06-05", "units-month", _bars("years-month", 120), "< 500 ms"
    ),
    Act("the year's curve", f"/power?{_DAY}", "presets-1y", _CURVE, "< 300 ms"),
    Act("ten years' curve", f"/power?{_DAY}", "presets-10y", _CURVE, "< 500 ms"),
)


def measure() -> Section:
    """Fill ten years, start everything, click."""
    return asyncio.run(_measure())


async def _measure() -> Section:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        await decade.fill(folder / "data")
        home = await asyncio.to_thread(_started, folder)
        try:
            figures = await _figures(f"http://127.0.0.1:{home.port}/")
        finally:
            await asyncio.to_thread(home.stop)
    return Section(
        "Looking back in the browser",
        f"Chromium on a laptop's screen, `meterkast up` and a store of ten years on the same machine; from the "
        f"click to the frame in which bars or curve are drawn, median of {ROUNDS}, each in a page just loaded.",
        figures,
    )


def _started(folder: Path) -> Home:
    home = Home(folder, "simulator:nl-dsmr5")
    home.start()
    home.actual()
    return home


async def _figures(url: str) -> Sequence[Figure]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise SystemExit("chromium is missing; get it by: apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        figures = [await _figure(browser, url, act) for act in ACTS]
        await browser.close()
    return figures


async def _figure(browser: Browser, url: str, act: Act) -> Figure:
    taken: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        page = await browser.new_page(viewport=LAPTOP)
        await page.goto(f"{url}#{act.address}")
        await page.wait_for_selector(".bar-chart .drawing, .power-chart:not([data-points='0'])")
        await page.wait_for_function(f"() => {IDLE}")
        whole, request = await page.evaluate(CLICK, [f"[data-testid={act.button}]", act.done])
        taken.append((whole, request))
        await page.close()
    whole = statistics.median(each for each, _ in taken)
    request = statistics.median(each for _, each in taken)
    return Figure(act.name, f"{whole:.0f} ms, of which {request:.0f} ms the request", act.aim)
