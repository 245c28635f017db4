"""Pictures of the page on every kind of screen, kept in `artefacts/` for people to look at."""

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, ViewportSize, expect

from tests.brokers import Broker
from tests.browser.conftest import LAPTOP, PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, running, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
AFTERNOON = 17
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
    """The telegrams since midnight: one in two minutes, in the last quarter of an hour one in three seconds."""
    now = seconds_ago(1)
    at = now.astimezone(meter.zone).replace(hour=0, minute=0, second=0).astimezone(UTC)
    joules = 0.0
    while at <= now:
        meter.phases_w = household(at, meter.zone)
        yield at, meter.telegram(at)
        step = timedelta(seconds=3 if now - at < timedelta(minutes=16) else 120)
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


@pytest.mark.parametrize("size", [PHONE, LAPTOP], ids=["phone", "laptop"])
async def test_pictures(
    mosquitto: Broker, browser: Browser, tmp_path: Path, size: ViewportSize, request: pytest.FixtureRequest
) -> None:
    """On phone and laptop, light and dark, Dutch and English, the page fits its screen and nothing jumps."""
    zone = afternoon_zone()
    async with running(mosquitto, tmp_path / "data", zone.key) as pipeline:
        meter = Meter(demand_w=1_180, peak_w=3_946, peak_at=seconds_ago(3 * 86_400), zone=zone)
        await fill(pipeline, meter)
        themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
        for theme in themes:
            for language in ("nl-NL", "en-GB"):
                page = await browser.open(pipeline.url, Look(language=language, theme=theme, size=size))
                await settled(page)
                assert await page.evaluate(OVERFLOW) <= 0
                assert await page.evaluate(LAYOUT_SHIFT) < 0.02
                kind = request.node.callspec.id
                name = f"{kind}-{theme}-{language[:2]}"
                await page.screenshot(path=ARTEFACTS / f"{name}.png")
                await page.screenshot(path=ARTEFACTS / f"{name}-whole.png", full_page=True)
    assert browser.complaints == []
