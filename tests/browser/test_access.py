"""The page for everyone: assistive programs, the keyboard, the policy that protects it, and slow lines."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.browser.conftest import LAPTOP, PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")

AXE = Path(__file__).parents[2] / "services/api/web/node_modules/axe-core/axe.min.js"


async def open_with_everything(pipeline: Pipeline, browser: Browser, look: Look) -> Page:
    """A page with two gateways and every panel on it."""
    meter = Meter(demand_w=900, peak_w=2_400, peak_at=seconds_ago(86_400))
    await pipeline.send(meter.telegram(seconds_ago(1)))
    await pipeline.send(Meter(phases_w=(-700, 0, 0)).telegram(seconds_ago(1)), gateway="shed")
    page = await browser.open(pipeline.url, look)
    await expect(page.get_by_test_id("demand-running")).to_be_visible()
    await expect(page.get_by_test_id("hours-told")).to_contain_text("kWh")
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
async def test_axe(pipeline: Pipeline, browser: Browser, theme: Literal["light", "dark"], size: ViewportSize) -> None:
    """Axe finds no violation of WCAG 2.2 AA or of good practice, contrast included."""
    if not AXE.exists():
        pytest.skip("axe-core is missing; get it by: make web")
    page = await open_with_everything(pipeline, browser, Look(theme=theme, size=size, bypass_csp=True))
    await page.add_script_tag(path=AXE)
    result = await page.evaluate("() => axe.run()")
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in result["violations"]] == []


async def test_keyboard(pipeline: Pipeline, browser: Browser) -> None:
    """By keyboard alone one skips to the content, switches language and theme, and chooses another gateway."""
    page = await open_with_everything(pipeline, browser, Look())
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
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
