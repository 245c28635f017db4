"""The page's other faces: loss, export, many gateways, and meters that say little; kept as pictures too."""

import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meterkast_reader.simulator.dialects import DIALECTS
from meterkast_reader.simulator.meter import simulate
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.conftest import LAPTOP, PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
PICTURED = ("nl-dsmr22", "be-emucs", "lt", "heat-warmtelink")
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


async def picture(page: Page, name: str) -> None:
    """Keep a picture, and see that nothing is wider than the screen."""
    assert await page.evaluate(OVERFLOW) <= 0
    await page.screenshot(path=ARTEFACTS / f"{name}.png", full_page=True)


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
async def test_loss(pipeline: Pipeline, browser: Browser, size: ViewportSize) -> None:
    """A lost connection is told in full on the narrowest screen, without anything jumping out of it."""
    await pipeline.send(Meter().telegram(seconds_ago(2)))
    page = await browser.open(pipeline.url, Look(language="nl-NL", size=size))
    await expect(page.get_by_test_id("link")).to_have_text("Live")
    await pipeline.stop_service("api")
    await expect(page.get_by_test_id("link")).to_have_text(re.compile("^Geen verbinding sinds .* zoekt…$"))
    await picture(page, f"{'phone' if size == PHONE else 'laptop'}-lost")


async def test_export_crossing(pipeline: Pipeline, browser: Browser) -> None:
    """A curve that crosses zero is shown on both sides of it."""
    meter = Meter()
    start = seconds_ago(880)
    telegrams = []
    for step in range(220):
        at = start + timedelta(seconds=4 * step)
        meter.phases_w = (300, 200, 900 - 11 * step)
        meter.advance(round(meter.net_w * 4 / 3600))
        telegrams.append((at, meter.telegram(at)))
    await pipeline.send_all(telegrams)
    page = await browser.open(pipeline.url, Look(language="nl-NL", size=PHONE, theme="dark"))
    await expect(page.get_by_test_id("power-way")).to_have_text("Teruglevering aan het net")
    await expect(page.get_by_test_id("phase-l3")).to_contain_text(re.compile(r"\b1[\d.]+ W"))
    await picture(page, "phone-export")


async def choose(page: Page, gateway: str) -> None:
    """Choose one of many gateways by typing its name."""
    meters = page.get_by_role("navigation", name="Meters")
    await meters.get_by_role("button").first.click()
    await page.get_by_role("searchbox").fill(gateway)
    await page.keyboard.press("Enter")
    await expect(meters.get_by_role("button").first).to_contain_text(gateway)


async def test_hundred_gateways(pipeline: Pipeline, browser: Browser) -> None:
    """Of a hundred gateways one is found by a part of its name, and what it says now follows."""
    names = [f"house-{number:03d}" for number in range(100)]
    for number, name in enumerate(names):
        await pipeline.send(Meter(phases_w=(1000 + number, 0, 0)).telegram(seconds_ago(2)), gateway=name)
    await pipeline.until(
        "/api/v1/meters", lambda meters: sum("power_import_w" in each for each in meters) == len(names)
    )
    page = await browser.open(pipeline.url, Look(size=PHONE))
    await page.get_by_role("navigation", name="Meters").get_by_role("button").click()
    found = page.get_by_role("dialog").get_by_role("link")
    await expect(found).to_have_count(len(names))
    await page.get_by_role("searchbox").fill("77")
    await expect(found).to_have_text(re.compile("house-077.*1,077 W"))
    await found.click()
    await expect(page.get_by_test_id("power-value")).to_have_text("1,077")
    await pipeline.send(Meter(phases_w=(2000, 0, 0)).telegram(seconds_ago(0)), gateway="house-077")
    await expect(page.get_by_test_id("power-value")).to_have_text("2,000")
    await picture(page, "phone-hundred")
    assert browser.complaints == []


async def test_every_dialect(pipeline: Pipeline, browser: Browser) -> None:
    """The page shows a meter of every dialect, whatever it lacks, and no value is made up."""
    zone = ZoneInfo("Europe/Amsterdam")
    for number, dialect in enumerate(sorted(DIALECTS)):
        at = seconds_ago(5)
        _, telegram = next(iter(simulate(dialect, number, at.astimezone(zone), timedelta(seconds=1), 1)))
        await pipeline.send(telegram, gateway=dialect)
    listed = await pipeline.until("/api/v1/meters", lambda meters: len(meters) >= len(DIALECTS) - 2)
    page = await browser.open(pipeline.url, Look(size=LAPTOP))
    for meter in listed:
        await choose(page, meter["gateway"])
        await expect(page.get_by_role("heading", name="Meter registers")).to_be_visible()
        if "power_import_w" in meter:
            power = abs(meter["power_import_w"] - meter.get("power_export_w", 0))
            await expect(page.get_by_test_id("power-value")).to_have_text(f"{power:,.0f}")
        await expect(page.locator("main")).not_to_contain_text(re.compile("NaN|undefined|Infinity|null"))
        if meter["gateway"] in PICTURED:
            await picture(page, f"dialect-{meter['gateway']}")
    assert browser.complaints == []
