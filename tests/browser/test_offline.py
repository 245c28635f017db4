"""The page without its server, and with a newer one."""

import asyncio
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.api.houses import house
from tests.brokers import Broker
from tests.browser.conftest import PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONTROLLED = "() => navigator.serviceWorker.controller !== null"
KEPT = "() => caches.keys()"


async def controlled(page: Page) -> None:
    """Wait until the service worker has taken the page over."""
    await page.wait_for_function(CONTROLLED)


async def replaced(page: Page, former: Sequence[str]) -> None:
    """Wait until the service worker keeps another version, and only that."""
    async with asyncio.timeout(15):
        while True:
            kept = await page.evaluate(KEPT)
            if len(kept) == 1 and kept != former:
                return
            await asyncio.sleep(0.05)


async def test_offline(pipeline: Pipeline, browser: Browser) -> None:
    """Opened without its server the page shows what it knew last, says since when, and recovers by itself."""
    meter = Meter()
    await pipeline.send(meter.telegram(seconds_ago(2)))
    page = await browser.open(pipeline.url, Look(size=PHONE))
    await expect(page.get_by_test_id("power-value")).to_have_text("688")
    await controlled(page)
    await pipeline.stop_service("api")
    await page.goto("about:blank")
    await page.goto(pipeline.url, wait_until="domcontentloaded")
    await expect(page.get_by_test_id("power-value")).to_have_text("688")
    await expect(page.get_by_test_id("old")).to_have_text(
        re.compile(r"^These values are old: from \d+ \w+, \d\d:\d\d, ")
    )
    await expect(page.get_by_test_id("register-import-t2")).to_contain_text("5,120.055")
    for place, told in (("Meter", "The telegram"), ("Setup", "Services")):
        await page.get_by_role("link", name=place, exact=True).click()
        await expect(page.get_by_role("heading", name=told, exact=True)).to_be_visible()
    await page.get_by_role("link", name="Now", exact=True).click()
    meter.phases_w = (1000, 0, 0)
    await pipeline.start_service("api")
    await pipeline.send(meter.telegram(seconds_ago(0)))
    await expect(page.get_by_test_id("link")).to_have_text("Live")
    await expect(page.get_by_test_id("power-value")).to_have_text("1,000")
    await expect(page.get_by_test_id("old")).to_have_count(0)


async def test_new_version(mosquitto: Broker, browser: Browser, built: Path, tmp_path: Path) -> None:
    """A new version takes over by itself, and nothing of the old one is kept."""
    static = tmp_path / "static"
    shutil.copytree(built, static)
    async with house(mosquitto, static=static) as served:
        page = await browser.open(served.service.url)
        await controlled(page)
        former = await page.evaluate(KEPT)
        _newer(static)
        await page.reload()
        await replaced(page, former)
        await served.stop()
        await page.reload()
        await expect(page.locator("meta[name=generation]")).to_have_attribute("content", "newer")


def _newer(static: Path) -> None:
    """Make the built files those of another build, as the page's own build does: another page, another version."""
    page, worker = static / "index.html", static / "sw.js"
    page.write_text(page.read_text().replace("<head>", '<head><meta name="generation" content="newer">'))
    worker.write_text(re.sub(r"([\"'`])[0-9a-f]{12}\1", "`000000000000`", worker.read_text()))


async def test_served(mosquitto: Broker, built: Path) -> None:
    """The manifest and the service worker have their types, and a browser asks for them anew each time."""
    async with house(mosquitto, static=built) as served:
        for path, media_type in (
            ("/manifest.webmanifest", "application/manifest+json"),
            ("/sw.js", "text/javascript; charset=utf-8"),
            ("/icon-192.png", "image/png"),
        ):
            answer = await served.get(path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == media_type
            assert answer.headers["cache-control"] == "no-cache"
        manifest = (await served.get("/manifest.webmanifest")).json()
        for icon in manifest["icons"]:
            assert (await served.get(f"/{icon['src']}")).status_code == 200
