"""Pictures of the page on every kind of screen, kept in `artefacts/` for people to look at."""

import json
import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.brokers import Broker
from tests.browser.conftest import LAPTOP, PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, running, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
AXE = Path(__file__).parents[2] / "services/api/web/node_modules/axe-core/axe.min.js"
AFTERNOON = 17
PLACES = {
    "now": "#/",
    "history": "#/history",
    "power": "#/power",
    "meter": "#/meter",
    "setup": "#/setup",
    "setup-costs": "#/setup?part=costs",
    "setup-import": "#/setup?part=import",
    "setup-preferences": "#/setup?part=preferences",
    "setup-access": "#/setup?part=access",
}
LAYOUT_SHIFT = """() => new Promise(resolve => {
    let sum = 0;
    new PerformanceObserver(list => { for (const entry of list.getEntries()) sum += entry.value; })
        .observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(sum)));
})"""
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def afternoon_zone() -> ZoneInfo:
    """A time zone in which it is late in the afternoon now, so that there is a day to show."""
    ahead = (AFTERNOON - datetime.now(UTC).hour + 11) % 24 - 11
    return ZoneInfo(f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT")


def household(at: datetime, zone: ZoneInfo) -> tuple[int, int, int]:
    """A believable day: base load, breakfast, sun from nine to four, cooking at five; W of each phase."""
    local = at.astimezone(zone)
    hour = local.hour + local.minute / 60 + local.second / 3600
    wave = math.sin(at.timestamp() / 47) + 0.6 * math.sin(at.timestamp() / 11.3)
    base = 210 + 25 * wave
    kettle = 1900 if 7.2 < hour < 7.5 or 12.4 < hour < 12.55 else 0
    cooking = 1450 + 280 * wave if at.minute % 10 < 6 and 16.6 < hour < 18.5 else 0
    sun = max(0.0, math.sin((hour - 8.5) / 7.5 * math.pi)) if 8.5 < hour < 16 else 0.0
    return round(base * 0.5 + kettle), round(base * 0.2 + cooking), round(base * 0.3 - 2600 * sun)


def past(meter: Meter) -> Iterator[tuple[datetime, bytes]]:
    """The telegrams since midnight: one in two minutes, in the last hour one in ten seconds."""
    now = seconds_ago(1)
    at = now.astimezone(meter.zone).replace(hour=0, minute=0, second=0).astimezone(UTC)
    joules = 0.0
    while at <= now:
        meter.phases_w = household(at, meter.zone)
        yield at, meter.telegram(at)
        step = timedelta(seconds=10 if now - at < timedelta(minutes=62) else 120)
        joules += meter.net_w * step.total_seconds()
        meter.advance(int(joules / 3600), gas_l=round(step.total_seconds() / 40) if at.hour % 3 == 0 else 0)
        joules -= int(joules / 3600) * 3600
        at += step


async def fill(pipeline: Pipeline, meter: Meter) -> None:
    """Send a day and wait until history has it."""
    await pipeline.online()
    telegrams = list(past(meter))
    await pipeline.send_all(telegrams)
    newest = telegrams[-1][0]
    await pipeline.until(
        "/api/v1/meters/home/actual", lambda reading: datetime.fromisoformat(reading["measured_at"]) == newest
    )
    await pipeline.until(
        "/api/v1/meters/home/power?from=-10m&to=now&points=100",
        lambda curve: any(value is not None for value in curve["fields"]["power_import_w"]["mean"][-4:]),
    )


async def settled(page: Page) -> None:
    """Wait until everything is on the page."""
    await expect(page.get_by_test_id("power-value")).to_have_text(re.compile(r"\d"))
    await expect(page.get_by_test_id("hours-told")).to_contain_text("kWh")
    await page.evaluate("() => document.fonts.ready")


async def walk(page: Page, kind: str, look: str, places: Iterable[str]) -> None:
    """Look at places: each fits its screen, has no violation that axe finds, and is kept as a picture."""
    for place in places:
        await page.evaluate("place => { location.hash = PLACES[place]; }".replace("PLACES", json.dumps(PLACES)), place)
        await expect(page.locator("main")).to_contain_text(re.compile(r"\w"))
        await expect(page.locator("[aria-busy]")).to_have_count(0)
        await page.evaluate("() => document.fonts.ready")
        assert await page.evaluate(OVERFLOW) <= 0, f"{place} is wider than its screen: {kind} {look}"
        found = await page.evaluate("() => axe.run()")
        violations = [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]]
        assert violations == [], f"{place} {kind} {look}"
        await page.screenshot(path=ARTEFACTS / f"{place}-{kind}-{look}.png", full_page=True)


async def switch_language(page: Page, language: str) -> None:
    """Choose the other language on the page."""
    if await page.locator("html").get_attribute("lang") != language:
        await page.locator(".tools button").first.click()
        await expect(page.locator("html")).to_have_attribute("lang", language)


async def test_every_place(mosquitto: Broker, browser: Browser, tmp_path: Path) -> None:
    """On phone and laptop, light and dark, Dutch and English, every place fits its screen and is open to everybody."""
    if not AXE.exists():
        pytest.skip("axe-core is missing; get it by: make web")
    zone = afternoon_zone()
    async with running(mosquitto, tmp_path / "data", zone.key) as pipeline:
        meter = Meter(demand_w=1_180, peak_w=3_946, peak_at=seconds_ago(3 * 86_400), zone=zone)
        await fill(pipeline, meter)
        for kind, size in {"phone": PHONE, "laptop": LAPTOP}.items():
            page = await browser.open(pipeline.url, Look(language="nl-NL", size=size, bypass_csp=True))
            await settled(page)
            assert await page.evaluate(LAYOUT_SHIFT) < 0.02
            await page.screenshot(path=ARTEFACTS / f"{kind}-light-nl.png")
            await page.add_script_tag(path=AXE)
            await walk(page, kind, "light-nl", PLACES)
            await page.emulate_media(color_scheme="dark")
            await walk(page, kind, "dark-nl", ["now"])
            await switch_language(page, "en")
            await walk(page, kind, "dark-en", PLACES)
            await page.emulate_media(color_scheme="light")
            await walk(page, kind, "light-en", ["now"])
    assert browser.complaints == []
