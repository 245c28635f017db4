"""The page for everyone: assistive programs, the keyboard, the policy that protects it, and slow lines."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def open_with_everything(pipeline: Pipeline, browser: Browser, look: Look) -> Page:
    """A page with two gateways and every panel on it."""
    meter = Meter(demand_w=900, peak_w=2_400, peak_at=seconds_ago(86_400))
    await pipeline.send(meter.telegram(seconds_ago(1)))
    await pipeline.send(Meter(phases_w=(-700, 0, 0)).telegram(seconds_ago(1)), gateway="shed")
    page = await browser.open(pipeline.url, look)
    await expect(page.get_by_test_id("demand-running")).to_be_visible()
    await expect(page.get_by_test_id("hours-told")).to_contain_text("kWh")
    return page


async def test_keyboard(pipeline: Pipeline, browser: Browser) -> None:
    """By keyboard alone one skips to the content, switches language and theme, and chooses another gateway."""
    page = await open_with_everything(pipeline, browser, Look())
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Skip to content")).to_be_focused()
    for name in ("Meterkast", "Now", "History", "Power", "Meter", "Setup"):
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name=name, exact=True)).to_be_focused()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Vandaag", exact=True)).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "nl")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("power-way")).to_have_text("Teruglevering aan het net")
    await page.reload()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.locator("html")).to_have_attribute("lang", "nl")


async def test_places(pipeline: Pipeline, browser: Browser) -> None:
    """Whoever goes to another place finds its name in the title and under the focus, and can go back."""
    page = await open_with_everything(pipeline, browser, Look())
    await page.get_by_role("link", name="Meter", exact=True).focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Meter", exact=True, level=1)).to_be_focused()
    await expect(page).to_have_title("Meter · Meterkast")
    await expect(page.get_by_role("link", name="Meter", exact=True)).to_have_attribute("aria-current", "page")
    await page.get_by_role("link", name="Setup", exact=True).click()
    await page.get_by_role("link", name="Preferences").click()
    await expect(page).to_have_url(re.compile(r"#/setup\?part=preferences$"))
    await page.go_back()
    await page.go_back()
    await expect(page).to_have_title("Meter · Meterkast")
    await page.get_by_role("navigation", name="Meters").get_by_role("link", name="shed").click()
    await expect(page).to_have_url(re.compile(r"\?gateway=shed#/meter$"))
    assert browser.complaints == []


async def test_announcements(pipeline: Pipeline, browser: Browser) -> None:
    """A screen reader is told the direction once, not every number that passes."""
    meter = Meter()
    await pipeline.send(meter.telegram(seconds_ago(5)))
    page = await browser.open(pipeline.url)
    region = page.locator("[aria-live]")
    await expect(region).to_have_text("Live. Import")
    await region.evaluate("""element => {
        window.announced = 0;
        new MutationObserver(() => { window.announced += 1; })
            .observe(element, { childList: true, characterData: true, subtree: true });
    }""")
    for watt in (500, 600, 700):
        meter.phases_w = (watt, 0, 0)
        await pipeline.send(meter.telegram(seconds_ago(0)))
        await expect(page.get_by_test_id("power-value")).to_have_text(str(watt))
    assert await page.evaluate("() => window.announced") == 0


async def test_policy(pipeline: Pipeline, browser: Browser) -> None:
    """The page keeps a policy that allows nothing but its own server, and loads nothing from elsewhere."""
    page = await browser.blank()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await pipeline.send(Meter().telegram(seconds_ago(1)))
    answer = await page.goto(pipeline.url)
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    await expect(page.get_by_test_id("power-value")).to_have_text("688")
    assert [url for url in asked if not url.startswith(pipeline.url)] == []
    assert browser.complaints == []
