"""The page behind a real reverse proxy, under a path of its own."""

import re
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.api.test_access_proxy import PREFIX, nginx
from tests.brokers import Broker
from tests.browser.conftest import Browser
from tests.browser.pipeline import running

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize("end", ["/", ""], ids=["stripped", "left"])
async def test_under_a_prefix(mosquitto: Broker, browser: Browser, tmp_path: Path, end: str) -> None:
    """Whether the proxy strips the prefix or leaves it: a simulated house is there, live, in every place."""
    async with running(mosquitto, tmp_path / "data", path_prefix=PREFIX) as pipeline:
        await pipeline.start_service("reader")
        upstream = pipeline.url.rstrip("/") + end
        with nginx(tmp_path / "nginx", upstream) as address:
            page = await browser.open(f"{address}{PREFIX}/")
            await expect(page.get_by_test_id("power-value")).to_have_text(re.compile(r"\d"))
            await expect(page.get_by_test_id("link")).to_have_text("Live")
            await page.get_by_role("link", name="Meter", exact=True).click()
            await expect(page.locator("main")).to_contain_text(re.compile(r"1-0:1\.7\.0\(\d\d\.\d{3}\*kW\)"))
            for place in ("History", "Power"):
                await page.get_by_role("link", name=place, exact=True).click()
                await expect(page.locator("[aria-busy]")).to_have_count(0)
                link = page.get_by_role("link", name="CSV")
                await expect(link).to_have_attribute("href", re.compile(f"{PREFIX}/api/v1/meters/home/"))
            assert browser.complaints == []
