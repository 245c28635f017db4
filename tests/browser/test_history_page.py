"""The history page on what a house used last year."""

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

import httpx
import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.conftest import LAPTOP, PHONE, Browser, Look
from tests.browser.pipeline import Pipeline
from tests.browser.years import AMSTERDAM, CHANGED, HOLE, OVERFLOW, SMALL, YEAR

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
AXE = Path(__file__).parents[2] / "services/api/web/node_modules/axe-core/axe.min.js"
SWIPE = """(chart, by) => {
    const { left, top } = chart.getBoundingClientRect();
    const at = (kind, x) => chart.dispatchEvent(new PointerEvent(kind, {
        bubbles: true, pointerType: "touch", pointerId: 7, clientX: x, clientY: top + 90 }));
    at("pointerdown", left + 150);
    at("pointermove", left + 150 + by / 2);
    at("pointerup", left + 150 + by);
    if (Math.abs(by) < 5) chart.dispatchEvent(new MouseEvent("click", {
        bubbles: true, clientX: left + 150, clientY: top + 90 }));
}"""


async def look_back(pipeline: Pipeline, browser: Browser, query: str = "", look: Look | None = None) -> Page:
    """The page at an address, its bars drawn."""
    page = await browser.open(f"{pipeline.url}#/history?{query}", look)
    await expect(page.get_by_test_id("history-sums")).to_be_visible()
    return page


async def titled(page: Page, text: str) -> None:
    """Wait until the page shows a period, and its bars are that period's."""
    await expect(page.get_by_test_id("history-title")).to_have_text(text)
    await expect(page.locator("[aria-busy]")).to_have_count(0)


def numbers(cells: list[str]) -> list[Decimal]:
    """The numbers of table cells, a dash as nothing."""
    return [Decimal(cell.replace(",", "").replace("\N{MINUS SIGN}", "-")) for cell in cells if cell != "\N{EN DASH}"]


async def test_sums(lived_in: Pipeline, browser: Browser) -> None:
    """Months and holes add up to the total, which is the API's to the watt-hour; so do the days of the hole's month."""
    for query, asked in (
        (f"span=year&at={YEAR}-05-05&view=table", f"per=month&from={YEAR}-01-01&to={YEAR + 1}-01-01"),
        (f"at={YEAR}-06-05&view=table", f"per=day&from={YEAR}-06-01&to={YEAR}-07-01"),
    ):
        async with httpx.AsyncClient(base_url=lived_in.url) as client:
            answer = (await client.get(f"/api/v1/meters/home/usage?{asked}")).text
        total = re.findall(r'"energy_(?:import|export)_kwh":([\d.]+)', answer[answer.index('"total"') :])
        page = await look_back(lived_in, browser, query)
        rows = page.get_by_test_id("history-rows").locator("tbody tr, tfoot tr:not(.total)")
        foot = page.get_by_test_id("history-total")
        for column in (1, 2):
            parts = numbers(await rows.locator(f"td:nth-of-type({column})").all_inner_texts())
            shown = numbers(await foot.locator(f"td:nth-of-type({column})").all_inner_texts())
            assert [sum(parts)] == shown
            assert str(shown[0]) in total
        first = await foot.locator("td").first.inner_text()
        await expect(page.get_by_test_id("sum-energy_import_kwh").locator(".big")).to_have_text(f"{first} kWh")
    await expect(page.locator("tfoot .hole")).to_have_count(1)
    assert browser.complaints == []


async def test_hole(lived_in: Pipeline, browser: Browser) -> None:
    """What was used across a hole is told beside the sum and at the bars it reaches into, which are hatched there."""
    page = await look_back(lived_in, browser, f"at={HOLE[0].date()}")
    await expect(page.get_by_test_id("sum-energy_import_kwh").locator(".of")).to_have_text(
        re.compile(r"^of which \d+\.\d{3} kWh in holes$")
    )
    chart = page.get_by_test_id("history-chart")
    await expect(chart).to_have_attribute("data-bars", "30")
    assert await page.locator(".drawing .hole").get_attribute("d") not in (None, "")
    await chart.focus()
    await page.keyboard.press("Home")
    for _ in range(3):
        await page.keyboard.press("ArrowRight")
    told = page.get_by_test_id("history-told")
    await expect(told).to_contain_text(re.compile(r"4 June.*no data.*hole 3 Jun, 11:00 . 5 Jun, 19:00: imported"))
    await expect(chart).to_have_attribute("aria-valuetext", re.compile("4 June, no data, hole 3 Jun, 11:00"))
    await page.keyboard.press("ArrowRight")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile("5 June, Imported .* hole 3 Jun"))


async def test_zoom(lived_in: Pipeline, browser: Browser) -> None:
    """Click or Enter opens a bar down to the quarters, Escape leads back out, and so does the browser's own Back."""
    page = await look_back(lived_in, browser, f"span=years&at={YEAR}-05-05")
    chart = page.get_by_test_id("history-chart")
    await expect(chart).to_have_attribute("data-bars", re.compile("[12]"))
    await chart.focus()
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await titled(page, str(YEAR))
    box = await chart.bounding_box()
    assert box is not None
    await chart.click(position={"x": box["width"] * 0.5, "y": box["height"] / 2})
    await titled(page, f"June {YEAR}")
    await page.get_by_test_id("history-inside").click()
    await expect(page.get_by_test_id("history-title")).to_have_text(re.compile(f"1 June {YEAR}$"))
    await expect(chart).to_have_attribute("data-bars", "24")
    await chart.focus()
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await expect(chart).to_have_attribute("data-bars", "96")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile("^00:00.00:15"))
    for bars in ("24", "30", "12"):
        await page.keyboard.press("Escape")
        await expect(chart).to_have_attribute("data-bars", bars)
    await expect(chart).to_have_attribute("aria-valuetext", re.compile(f"^June {YEAR}"))
    await page.go_back()
    await titled(page, f"June {YEAR}")
    assert browser.complaints == []


async def test_walk(lived_in: Pipeline, browser: Browser) -> None:
    """Buttons, arrow keys, a swipe and a date lead to other periods; the address keeps it, also over a reload."""
    page = await look_back(lived_in, browser, f"at={YEAR}-03-31")
    await page.get_by_role("button", name="Back").click()
    await titled(page, f"February {YEAR}")
    await page.locator("body").press("ArrowRight")
    await titled(page, f"March {YEAR}")
    chart = page.get_by_test_id("history-chart")
    await chart.evaluate(SWIPE, 120)
    await titled(page, f"February {YEAR}")
    await chart.focus()
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowRight")
    await titled(page, f"March {YEAR}")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile(r"\b1 March"))
    await page.get_by_label("Go to date").fill(f"{YEAR}-05-17")
    await titled(page, f"May {YEAR}")
    await page.get_by_test_id("spans-week").click()
    await expect(page.get_by_test_id("history-title")).to_contain_text("Week")
    await page.get_by_test_id("quantities-gas").click()
    await page.reload()
    await expect(page.get_by_test_id("quantities-gas")).to_have_attribute("aria-pressed", "true")
    await expect(page.get_by_test_id("spans-week")).to_have_attribute("aria-pressed", "true")
    await page.get_by_test_id("history-today").click()
    await expect(page.get_by_role("button", name="Forward")).to_be_disabled()
    assert "&at=" not in page.url


async def test_touch(lived_in: Pipeline, browser: Browser) -> None:
    """A tap tells a bar, a second one opens it."""
    page = await look_back(lived_in, browser, f"at={YEAR}-03-31", Look(size=PHONE))
    chart = page.get_by_test_id("history-chart")
    await chart.evaluate(SWIPE, 0)
    await expect(page.get_by_test_id("history-told")).to_contain_text("March")
    await titled(page, f"March {YEAR}")
    told = await page.locator(".told strong").inner_text()
    await chart.evaluate(SWIPE, 0)
    await expect(page.get_by_test_id("history-title")).to_have_text(re.compile(rf"{told.split()[1]} March {YEAR}$"))


async def test_days_of_the_clock(lived_in: Pipeline, browser: Browser) -> None:
    """The days on which the clock changes have 23 and 25 hours."""
    page = await look_back(lived_in, browser, f"span=day&at={YEAR}-03-31")
    chart = page.get_by_test_id("history-chart")
    for month, hours in ((3, 23), (10, 25)):
        sunday = max(
            day
            for day in (datetime(YEAR, month, date, tzinfo=AMSTERDAM) for date in range(25, 32))
            if day.weekday() == 6
        )
        await page.goto(f"{lived_in.url}#/history?span=day&at={sunday.date()}")
        await expect(chart).to_have_attribute("data-bars", str(hours))
        await expect(page.get_by_test_id("sum-energy_import_kwh").locator(".big")).to_have_text(re.compile(r"^\d"))


async def test_present(lived_in: Pipeline, browser: Browser) -> None:
    """The running bar is marked, what is yet to come says so, and only what the meter counts can be chosen."""
    page = await look_back(lived_in, browser, "span=year")
    await expect(page.get_by_test_id("history-told")).to_contain_text("still running")
    assert await page.locator(".drawing .tone-import .open").get_attribute("d") not in (None, "")
    choices = page.locator(".quantities button")
    await expect(choices).to_have_text(["Electricity", "Gas", "Cost"])
    await page.get_by_test_id("quantities-gas").click()
    await expect(page.get_by_test_id("sum-gas_m3")).to_contain_text(re.compile(r"Used\s*[\d,]+\.\d{3} m³"))
    csv = await page.get_by_test_id("history-csv").get_attribute("href")
    assert csv is not None
    assert csv.startswith(f"{lived_in.url}api/v1/meters/home/usage.csv?per=month&from={YEAR + 1}-01-01")


async def test_another_meter(lived_in: Pipeline, browser: Browser) -> None:
    """Where another meter began nothing is made up: the day's bars go on from the new meter's own registers."""
    page = await look_back(lived_in, browser, f"span=day&at={CHANGED.date()}&view=table")
    rows = numbers(await page.get_by_test_id("history-rows").locator("tbody td.net").all_inner_texts())
    assert all(abs(row) < 2 for row in rows)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
async def test_looks(lived_in: Pipeline, browser: Browser, theme: Literal["light", "dark"], size: ViewportSize) -> None:
    """Axe finds nothing in chart and table, nothing is wider than its screen, and all buttons fit a finger."""
    language = "nl-NL" if theme == "dark" else "en-GB"
    look = Look(theme=theme, size=size, language=language, bypass_csp=True)
    page = await look_back(lived_in, browser, f"span=year&per=day&at={YEAR}-05-05", look)
    await page.evaluate("() => document.fonts.ready")
    kind = f"{'phone' if size == PHONE else 'laptop'}-{theme}"
    for name, path in (("chart", None), ("table", f"at={YEAR}-06-05&view=table")):
        if path is not None:
            await page.goto(f"{lived_in.url}#/history?{path}")
            await expect(page.get_by_test_id("history-total")).to_be_visible()
        assert await page.evaluate(OVERFLOW) <= 0
        assert await page.evaluate(SMALL, ".history button, .history a, .history select, .history input") == []
        await page.screenshot(path=ARTEFACTS / f"history-{name}-{kind}.png", full_page=True)
        await page.add_script_tag(path=AXE)
        result = await page.evaluate("() => axe.run()")
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in result["violations"]] == []
    assert browser.complaints == []
