"""The live page in a real browser, on the real pipeline."""

import re
from datetime import UTC, timedelta

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def shows(page: Page, name: str, text: str | re.Pattern[str]) -> None:
    """Wait until an element of the page shows a text."""
    await expect(page.get_by_test_id(name)).to_have_text(text)


async def test_first_value(pipeline: Pipeline, browser: Browser) -> None:
    """The power of the newest telegram stands on the page soon after it is opened."""
    meter = Meter(phases_w=(412, 180, 96))
    await pipeline.send(meter.telegram(seconds_ago(1)))
    page = await browser.open(pipeline.url)
    await shows(page, "power-value", "688")
    await shows(page, "power-way", "Import from the grid")
    await shows(page, "link", "Live")
    await expect(page).to_have_title("688 W · Meterkast")
    assert browser.complaints == []


async def test_simulated_house(pipeline: Pipeline, browser: Browser) -> None:
    """From the reader to the screen: a simulated house shows itself, and goes on by itself."""
    page = await browser.open(pipeline.url)
    await pipeline.start_service("reader")
    shown = page.get_by_test_id("power-value")
    await expect(shown).to_have_text(re.compile(r"\d"))
    await expect(page.get_by_test_id("register-import-t1")).to_have_text(re.compile(r"\d\.\d{3} kWh$"))
    await expect(page.get_by_test_id("hours-told")).to_contain_text("import 0.")
    await expect(shown).not_to_have_text(await shown.inner_text())
    assert browser.complaints == []


async def test_value_changes(pipeline: Pipeline, browser: Browser) -> None:
    """Each telegram that arrives changes power, phases, registers and today's growth, without a reload."""
    meter = Meter()
    await pipeline.send(meter.telegram(seconds_ago(3)))
    page = await browser.open(pipeline.url)
    await shows(page, "today-energy_import_kwh", re.compile(r"0\.000 kWh$"))
    meter.phases_w = (2200, 180, 96)
    meter.advance(7)
    await pipeline.send(meter.telegram(seconds_ago(2)))
    await shows(page, "power-value", "2,476")
    await shows(page, "today-energy_import_kwh", re.compile(r"0\.007 kWh$"))
    await expect(page.get_by_test_id("phase-l1")).to_contain_text("2,200 W")
    await expect(page.get_by_test_id("phase-l1")).to_contain_text("231.4 V")
    await expect(page.get_by_test_id("register-import-t2")).to_contain_text("5,120.062")
    assert browser.complaints == []


async def test_export(pipeline: Pipeline, browser: Browser) -> None:
    """Export has its own word and colour, and the number has no sign."""
    meter = Meter(phases_w=(300, 100, 50))
    await pipeline.send(meter.telegram(seconds_ago(2)))
    page = await browser.open(pipeline.url, Look(language="nl-NL"))
    await shows(page, "power-way", "Afname van het net")
    imported = await colour(page)
    meter.phases_w = (-900, -800, -350)
    await pipeline.send(meter.telegram(seconds_ago(1)))
    await shows(page, "power-value", "2.050")
    await shows(page, "power-way", "Teruglevering aan het net")
    assert await colour(page) != imported


async def colour(page: Page) -> str:
    """Colour of the big number."""
    return str(await page.get_by_test_id("power").evaluate("element => getComputedStyle(element).color"))


async def test_recovers(pipeline: Pipeline, browser: Browser) -> None:
    """When the server goes, the page says so and keeps its last value; when it is back, the page recovers by itself."""
    meter = Meter()
    await pipeline.send(meter.telegram(seconds_ago(2)))
    page = await browser.open(pipeline.url)
    await shows(page, "link", "Live")
    await pipeline.stop_service("api")
    await shows(page, "link", re.compile("^No connection since .*, retrying…$"))
    await shows(page, "power-value", "688")
    meter.phases_w = (1000, 0, 0)
    await pipeline.send(meter.telegram(seconds_ago(1)))
    await pipeline.start_service("api")
    await expect(page.get_by_test_id("link")).to_have_text("Live")
    await shows(page, "power-value", "1,000")


async def test_quiet_meter(pipeline: Pipeline, browser: Browser) -> None:
    """A reading from long ago is not passed off as live, and a new one ends the silence."""
    meter = Meter()
    at = seconds_ago(600)
    await pipeline.send(meter.telegram(at), at)
    page = await browser.open(pipeline.url)
    await shows(page, "link", re.compile("^No data since "))
    await shows(page, "power-value", "688")
    await pipeline.send(meter.telegram(seconds_ago(0)))
    await shows(page, "link", "Live")


async def test_what_the_meter_lacks(pipeline: Pipeline, browser: Browser) -> None:
    """A value that the meter does not give has no tile and no zero; one that it gives later gets its tile."""
    meter = Meter()
    await pipeline.send(meter.telegram(seconds_ago(2)))
    page = await browser.open(pipeline.url)
    await shows(page, "power-value", "688")
    await expect(page.get_by_role("heading", name="Quarter-hour demand")).to_have_count(0)
    await expect(page.get_by_test_id("today-water_m3")).to_have_count(0)
    meter.demand_w, meter.peak_w, meter.peak_at = 1_234, 4_321, seconds_ago(86_400)
    await pipeline.send(meter.telegram(seconds_ago(1)))
    await expect(page.get_by_test_id("demand-running")).to_contain_text("1,234 W")
    await expect(page.get_by_test_id("demand-peak")).to_contain_text("4,321 W")


async def test_several_meters(pipeline: Pipeline, browser: Browser) -> None:
    """Several gateways make a list with the power of each; the one chosen is shown and kept in the address."""
    await pipeline.send(Meter(phases_w=(500, 0, 0)).telegram(seconds_ago(1)), gateway="home")
    await pipeline.send(Meter(phases_w=(-700, 0, 0)).telegram(seconds_ago(1)), gateway="shed")
    page = await browser.open(pipeline.url)
    meters = page.get_by_role("navigation", name="Meters")
    await expect(meters.get_by_role("link")).to_have_text([re.compile("home.*500 W"), re.compile("shed.*700 W")])
    await shows(page, "power-value", "500")
    await meters.get_by_role("link", name="shed").click()
    await shows(page, "power-way", "Export to the grid")
    await page.reload()
    await shows(page, "power-value", "700")
    assert browser.complaints == []


async def test_no_meter(pipeline: Pipeline, browser: Browser) -> None:
    """Without any meter the page says what to do, and the first telegram replaces that."""
    page = await browser.open(pipeline.url)
    await expect(page.get_by_role("heading", name="No meter seen yet")).to_be_visible()
    await pipeline.send(Meter().telegram(seconds_ago(0)))
    await shows(page, "power-value", "688")


async def test_history_is_there(pipeline: Pipeline, browser: Browser) -> None:
    """The curve and today's hours hold what happened before the page was opened, and the sum is that of the dial."""
    meter = Meter()
    start = seconds_ago(600)
    telegrams = []
    for step in range(60):
        at = start + timedelta(seconds=10 * step)
        meter.advance(3)
        telegrams.append((at, meter.telegram(at)))
    await pipeline.send_all(telegrams)
    total = await pipeline.until(
        "/api/v1/meters/home/usage?per=day", lambda usage: usage["total"].get("energy_import_t2_kwh", 0) > 0
    )
    page = await browser.open(pipeline.url, Look(size=PHONE))
    await shows(page, "power-value", "688")
    shown = page.get_by_test_id("today-energy_import_kwh")
    await expect(shown).not_to_contain_text("0.000")
    assert total["total"]["energy_import_t2_kwh"] > 0
    await expect(page.get_by_test_id("curve").locator("canvas")).to_have_count(1)


async def test_pointing(pipeline: Pipeline, browser: Browser) -> None:
    """Whoever points at the curve is told time and power there."""
    meter = Meter()
    for ago in (30, 20, 10):
        at = seconds_ago(ago)
        await pipeline.send(meter.telegram(at), at)
    page = await browser.open(pipeline.url)
    await shows(page, "power-value", "688")
    await page.get_by_test_id("curve").hover()
    await shows(page, "curve-pointed", re.compile(r"^\d\d:\d\d:\d\d · 688 W$"))


async def test_against_yesterday(pipeline: Pipeline, browser: Browser) -> None:
    """Today so far is set against yesterday up to the same quarter-hour, in words."""
    meter = Meter()
    now = seconds_ago(2)
    midnight = now.astimezone(meter.zone).replace(hour=0, minute=0, second=0)
    quarter = timedelta(minutes=15)
    today = (now - midnight) // quarter
    start = midnight.astimezone(UTC) - 96 * quarter
    telegrams = []
    for step in range(96 + today + 1):
        telegrams.append((start + step * quarter, meter.telegram(start + step * quarter)))
        meter.advance(20 if step < 96 else 30)
    await pipeline.send_all([*telegrams, (now, meter.telegram(now))])
    await pipeline.until(
        f"/api/v1/meters/home/usage?per=quarter&from={midnight.date()}",
        lambda usage: sum(row["complete"] and not row["hole"] for row in usage["rows"]) >= today,
    )
    page = await browser.open(pipeline.url)
    told = page.get_by_test_id("against-energy_import_kwh")
    if today == 0:
        await shows(page, "power-value", "688")
        await expect(told).to_have_count(0)
    else:
        at = (midnight + today * quarter).strftime("%H:%M")
        await expect(told).to_have_text(f"{today * 0.01:.3f} kWh more than yesterday at {at}")
