"""The power page on what flowed in a house last year."""

import re
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Locator, Page, Request, ViewportSize, expect

from tests.browser.conftest import LAPTOP, PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago
from tests.browser.years import HOLE, OVERFLOW, SMALL, YEAR

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
AXE = Path(__file__).parents[2] / "services/api/web/node_modules/axe-core/axe.min.js"
INKED = """chart => {
    const canvas = chart.querySelector("canvas");
    const { width, height } = canvas;
    const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
    const coloured = ([r, g, b, a]) => a > 160 && Math.max(r, g, b) - Math.min(r, g, b) > 70;
    const column = x => { for (let y = Math.floor(height * 0.02); y < height * 0.9; y += 1)
        if (coloured(pixels.subarray((y * width + x) * 4))) return true; return false; };
    const { left, right } = chart.querySelector(".u-over").getBoundingClientRect();
    const from = left - chart.getBoundingClientRect().left;
    return Array.from({ length: 50 }, (_, part) => column(Math.floor(from + (right - left) * (part + 0.5) / 50)));
}"""
"""Whether there is a line in each of fifty columns of the chart."""
JUNE = f"from={YEAR}-06-01T00:00:00Z&to={YEAR}-06-08T00:00:00Z"


async def look_at(pipeline: Pipeline, browser: Browser, query: str = "", look: Look | None = None) -> Page:
    """The page at an address, its curve drawn."""
    page = await browser.open(f"{pipeline.url}#/power?{query}", look)
    await drawn(page)
    return page


async def drawn(page: Page) -> Locator:
    """The chart, as soon as it has a curve."""
    chart = page.get_by_test_id("power-chart")
    await expect(chart).to_have_attribute("data-points", re.compile(r"^[1-9]"))
    await expect(page.locator("[aria-busy]")).to_have_count(0)
    return chart


async def step(chart: Locator) -> float:
    """Seconds from point to point."""
    return float(await chart.get_attribute("data-step") or 0)


async def test_presets(lived_in: Pipeline, browser: Browser) -> None:
    """Any span from ten minutes to ten years is shown, never of more than 2,000 points, and kept in the address."""
    asked: list[dict[str, list[str]]] = []

    def note(request: Request) -> None:
        if "/power?" in request.url:
            asked.append(parse_qs(urlsplit(request.url).query))

    page = await look_at(lived_in, browser)
    page.on("request", note)
    for preset, widest in (("10y", 3653), ("1y", 365), ("1mo", 30), ("1w", 7)):
        await page.get_by_test_id(f"presets-{preset}").click()
        chart = await drawn(page)
        await expect(page.get_by_test_id("power-min")).to_have_text(
            "\N{MINUS SIGN}1,200 W" if preset == "10y" else re.compile("W$")
        )
        assert f"span={preset}" in page.url
        last = asked[-1]
        span = datetime.fromisoformat(last["to"][0]) - datetime.fromisoformat(last["from"][0])
        assert widest <= span.days <= widest * 1.1 + 2
        assert int(last["points"][0]) <= 2000
        assert await step(chart) * 2000 >= widest * 86_400
    await page.reload()
    await expect(page.get_by_test_id("presets-1w")).to_have_attribute("aria-pressed", "true")
    assert browser.complaints == []


async def test_zoom(lived_in: Pipeline, browser: Browser) -> None:
    """Drag, wheel and keys zoom into finer data, Shift-drag and arrows move, double-click and Escape zoom out."""
    page = await look_at(lived_in, browser, f"from={YEAR}-02-01T00:00:00Z&to={YEAR}-12-01T00:00:00Z")
    chart = await drawn(page)
    coarse = await step(chart)
    box = await chart.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + 150)

    async def drag(by: float) -> None:
        await page.mouse.move(*middle)
        await page.mouse.down()
        await page.mouse.move(middle[0] + by / 2, middle[1])
        await page.mouse.move(middle[0] + by, middle[1])
        await page.mouse.up()

    async def changed(title: str) -> str:
        await expect(page.get_by_test_id("power-title")).not_to_have_text(title)
        return await page.get_by_test_id("power-title").inner_text()

    title = await page.get_by_test_id("power-title").inner_text()
    await drag(120)
    title = await changed(title)
    await drawn(page)
    await expect(chart).not_to_have_attribute("data-step", f"{coarse:g}")
    assert await step(chart) < coarse
    await page.mouse.wheel(0, -400)
    title = await changed(title)
    before = page.url
    await page.keyboard.down("Shift")
    await drag(-200)
    await page.keyboard.up("Shift")
    title = await changed(title)
    await expect(page).not_to_have_url(before)
    await chart.focus()
    for key in ("ArrowLeft", "+", "-", "Escape"):
        await page.keyboard.press(key)
        title = await changed(title)
    await page.mouse.dblclick(*middle)
    await changed(title)
    assert browser.complaints == []


async def test_gap(lived_in: Pipeline, browser: Browser) -> None:
    """A hole in the readings is a gap in the curve, nowhere else is one."""
    page = await look_at(lived_in, browser, JUNE)
    chart = page.get_by_test_id("power-chart")
    inked = await chart.evaluate(INKED)
    first = datetime.fromisoformat(f"{YEAR}-06-01T00:00:00+00:00")
    begin, end = ((edge - first).total_seconds() / (7 * 86_400) * 50 for edge in HOLE)
    assert not any(inked[part] for part in range(50) if begin + 1 < part < end - 2)
    assert all(inked[part] for part in range(50) if part < begin - 1 or part > end + 1)


async def test_cursor(lived_in: Pipeline, browser: Browser) -> None:
    """Whoever points, by mouse or keys, is told the time, the lowest, the mean and the highest there."""
    page = await look_at(lived_in, browser, f"from={YEAR}-06-10T06:00:00Z&to={YEAR}-06-10T18:00:00Z")
    chart = page.get_by_test_id("power-chart")
    await expect(page.get_by_test_id("power-when")).to_have_text("In view")
    await expect(page.get_by_test_id("power-min")).to_have_text("\N{MINUS SIGN}1,200 W")
    await expect(page.get_by_test_id("power-max")).to_have_text("400 W")
    await chart.hover()
    await expect(page.get_by_test_id("power-when")).to_have_text(re.compile(r"^10 Jun, 1\d:\d\d"))
    await expect(page.get_by_test_id("power-mean")).to_have_text("\N{MINUS SIGN}1,200 W")
    await page.mouse.move(0, 0)
    await expect(page.get_by_test_id("power-when")).to_have_text("In view")
    await chart.focus()
    await page.keyboard.press("Shift+ArrowLeft")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile("10 Jun, .*Mean 400 W"))
    csv = await page.get_by_test_id("power-csv").get_attribute("href")
    assert csv is not None
    assert csv.startswith(f"{lived_in.url}api/v1/meters/home/power.csv?from={YEAR}-06-10T06")
    assert "fields=power_import_w" in csv


async def test_phases(lived_in: Pipeline, browser: Browser) -> None:
    """Voltage, current and each phase's power have curves of their own."""
    page = await look_at(lived_in, browser, "span=6h")
    for name, mean in (("voltage", "231.4 V"), ("current", "2.0 A"), ("phases", re.compile(r"[\d,]+ W$"))):
        await page.get_by_test_id(f"quantities-{name}").click()
        await expect(page.get_by_test_id("power-mean").first).to_have_text(mean)
        assert f"show={name}" in page.url


async def test_live(lived_in: Pipeline, browser: Browser) -> None:
    """A curve that ends now grows with each telegram."""
    page = await look_at(lived_in, browser, "span=1h")
    meter = Meter(phases_w=(5000, 1000, 777))
    await lived_in.send(meter.telegram(seconds_ago(1)))
    await expect(page.get_by_test_id("power-max")).to_have_text("6,777 W")
    await expect(page.get_by_role("button", name="Forward")).to_be_disabled()
    assert browser.complaints == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
async def test_looks(lived_in: Pipeline, browser: Browser, theme: Literal["light", "dark"], size: ViewportSize) -> None:
    """Axe finds nothing, nothing is wider than its screen, and all buttons fit a finger."""
    look = Look(theme=theme, size=size, language="nl-NL" if theme == "dark" else "en-GB", bypass_csp=True)
    page = await look_at(lived_in, browser, f"from={YEAR}-02-01T00:00:00Z&to={YEAR}-12-01T00:00:00Z", look)
    await page.evaluate("() => document.fonts.ready")
    assert await page.evaluate(OVERFLOW) <= 0
    assert await page.evaluate(SMALL, ".power-page button, .power-page a, .power-page input") == []
    await page.screenshot(
        path=ARTEFACTS / f"power-{'phone' if size == PHONE else 'laptop'}-{theme}.png", full_page=True
    )
    await page.add_script_tag(path=AXE)
    result = await page.evaluate("() => axe.run()")
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in result["violations"]] == []
    assert browser.complaints == []
