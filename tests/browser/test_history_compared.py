"""The history page set against another period, and where another meter begins."""

import re

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Browser
from tests.browser.pipeline import Pipeline
from tests.browser.years import CHANGED, YEAR

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_compared(lived_in: Pipeline, browser: Browser) -> None:
    """A month stands before the one before it, and how they differ is told in words and in the table."""
    page = await browser.open(f"{lived_in.url}#/history?at={YEAR}-07-05")
    await page.get_by_test_id("history-compare").select_option(label=f"June {YEAR}")
    delta = page.get_by_test_id("history-delta")
    await expect(delta.first).to_have_text(re.compile(rf"^\d+% (more|less) than .*June {YEAR} \([\d,.]+ kWh\)$"))
    await expect(page.locator(".drawing .before").first).to_have_attribute("d", re.compile("^M"))
    await page.reload()
    await expect(delta).to_have_count(2)
    await page.get_by_test_id("history-table").click()
    await expect(page.get_by_role("columnheader", name=f"June {YEAR}")).to_be_visible()


async def test_change(lived_in: Pipeline, browser: Browser) -> None:
    """Where another meter begins there is a mark, and the bar says so."""
    page = await browser.open(f"{lived_in.url}#/history?at={CHANGED.date()}")
    await expect(page.get_by_test_id("history-change")).to_have_count(1)
    chart = page.get_by_test_id("history-chart")
    await chart.focus()
    await page.keyboard.press("Home")
    for _ in range(CHANGED.day - 1):
        await page.keyboard.press("ArrowRight")
    await expect(chart).to_have_attribute("aria-valuetext", re.compile(r"another meter from 10 Sept?, 09:30"))
