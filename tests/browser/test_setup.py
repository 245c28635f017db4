"""Everything that can be set, on the real service."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from meterkast_contracts.messages import HealthStatus
from playwright.async_api import Page, expect

from tests.brokers import Broker
from tests.browser.conftest import PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, running, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "correct horse battery"
HOURLY = "from,price EUR/MWh\n2026-03-29T00:00+01:00,81.21\n2026-03-29T01:00+01:00,-0.12\n"


@pytest_asyncio.fixture(loop_scope="session")
async def guarded(mosquitto: Broker, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """A running pipeline that asks for a password before it lets anything be changed."""
    async with running(mosquitto, tmp_path / "data", password=PASSWORD) as started:
        await started.send(Meter().telegram(seconds_ago(1)))
        yield started


async def test_health(pipeline: Pipeline, browser: Browser) -> None:
    """The services and gateways stand there with how they do, and one that ails says why."""
    await pipeline.online()
    await pipeline.tell("parser", HealthStatus.OK)
    await pipeline.send(Meter().telegram(seconds_ago(1)))
    page = await browser.open(f"{pipeline.url}#/setup", Look(language="nl-NL", size=PHONE))
    parser = page.get_by_test_id("service-parser")
    await expect(parser).to_contain_text("in orde")
    await expect(page.get_by_test_id("gateway-home")).to_contain_text("online")
    await expect(page.get_by_test_id("gateway-home")).to_contain_text("MKT5\\2TESTMETER-1")
    await pipeline.tell("parser", HealthStatus.DEGRADED, "the broker is slow: look at its log")
    await expect(parser).to_contain_text("hapert")
    await expect(parser).to_contain_text("the broker is slow: look at its log")


async def log_in(page: Page, password: str) -> None:
    """Give the password where the page asks for it."""
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Password").fill(password)
    await dialog.get_by_role("button", name="Log in").click()


async def test_contracts(guarded: Pipeline, browser: Browser) -> None:
    """What is typed in stays until it is right: a slip is told at its field, the login asked for in place."""
    page = await browser.open(f"{guarded.url}#/setup?part=costs")
    await page.get_by_role("button", name="Add a contract").click()
    await page.get_by_label("Price of electricity from the grid").select_option("tariffs")
    await page.get_by_label("From the grid, tariff 1").fill("0,2712")
    await page.get_by_label("From the grid, tariff 2").fill("0.295 euro")
    save = page.get_by_role("button", name="Save")
    await save.click()
    await expect(page.get_by_text("This is no number.")).to_be_visible()
    await page.get_by_label("From the grid, tariff 2").fill("0.295")
    await page.get_by_label("Until").fill("2020-01-01")
    await save.click()
    await log_in(page, "wrong")
    await expect(page.get_by_text("That is not the password.")).to_be_visible()
    await log_in(page, PASSWORD)
    await expect(page.get_by_test_id("contract")).to_contain_text("ends before it begins")
    await page.get_by_label("Until").fill("")
    await save.click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    kept = await guarded.until("/api/v1/contracts", lambda answer: len(answer["contracts"]) == 1)
    assert kept["contracts"][0]["prices"] == {"energy_import_t1_kwh": 0.2712, "energy_import_t2_kwh": 0.295}
    await page.reload()
    await expect(page.get_by_test_id("contract")).to_contain_text("Contract 1")


async def test_prices(guarded: Pipeline, browser: Browser) -> None:
    """A file of prices is tried first, and taken when that is confirmed."""
    page = await browser.open(f"{guarded.url}#/setup?part=costs")
    file = page.get_by_label("File with prices (CSV)")
    await file.set_input_files({"name": "bad.csv", "mimeType": "text/csv", "buffer": b"from,price\nx,y\n"})
    await log_in(page, PASSWORD)
    await expect(page.get_by_text("line 2:").first).to_be_visible()
    await file.set_input_files({"name": "day.csv", "mimeType": "text/csv", "buffer": HOURLY.encode()})
    await expect(page.get_by_test_id("file-tried")).to_contain_text(re.compile("New *2"))
    assert (await guarded.until("/api/v1/prices?from=2026-03-29", lambda _: True))["prices"] == []
    await page.get_by_role("button", name="Take these prices").click()
    await expect(page.get_by_test_id("file-done")).to_be_visible()
    await guarded.until("/api/v1/prices?from=2026-03-29&to=2026-03-30", lambda answer: len(answer["prices"]) == 2)


async def test_preferences(guarded: Pipeline, browser: Browser) -> None:
    """Language and theme that are kept for the house hold in a browser that comes later, too."""
    page = await browser.open(f"{guarded.url}#/setup?part=preferences")
    await page.get_by_label("Language").select_option("nl")
    await page.get_by_label("Theme").select_option("dark")
    await page.get_by_role("button", name="Save").click()
    await log_in(page, PASSWORD)
    await expect(page.get_by_text("Opgeslagen.")).to_be_visible()
    other = await browser.open(guarded.url)
    await expect(other.locator("html")).to_have_attribute("lang", "nl")
    await expect(other.locator("html")).to_have_attribute("data-theme", "dark")


async def test_tokens(guarded: Pipeline, browser: Browser) -> None:
    """A token is shown once, listed without its secret, and gone when it is revoked; each change is on record."""
    page = await browser.open(f"{guarded.url}#/setup?part=access")
    await page.get_by_role("main").get_by_role("button", name="Log in").click()
    await log_in(page, PASSWORD)
    await page.get_by_label("Name").fill("home-assistant")
    await page.get_by_role("button", name="Make a token").click()
    await expect(page.get_by_test_id("token-made").locator("code")).to_have_text(re.compile(r"^mk_\S{30,}$"))
    await page.reload()
    await expect(page.get_by_text("never used")).to_be_visible()
    await expect(page.get_by_text("mk_")).to_have_count(0)
    await page.get_by_role("button", name="Revoke").click()
    await page.get_by_role("button", name="Yes, revoke home-assistant").click()
    await expect(page.get_by_text("never used")).to_have_count(0)
    await page.reload()
    await expect(page.locator(".audit")).to_contain_text("home-assistant")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("heading", name="Tokens for other programs")).to_have_count(0)


async def test_import(guarded: Pipeline, browser: Browser) -> None:
    """An old history is tried first, which tells what it would add and what is refused, and added when confirmed."""
    page = await browser.open(f"{guarded.url}#/setup?part=import")
    await page.get_by_label("File of another program").set_input_files(
        {"name": "monitor.sql", "mimeType": "text/plain", "buffer": old_history().encode()}
    )
    await log_in(page, PASSWORD)
    tried = page.get_by_test_id("file-tried")
    await expect(tried).to_contain_text("p1-monitor-sql")
    await expect(tried).to_contain_text(re.compile("Rows *4"))
    await page.get_by_role("button", name="Add to home").click()
    await expect(page.get_by_test_id("file-done")).to_be_visible()
    span = "from=2025-03-28&to=2025-03-29"
    await guarded.until(f"/api/v1/meters/home/usage?per=hour&{span}", lambda usage: len(usage["total"]) > 0)


def old_history() -> str:
    """Four hours as P1 Monitor exports them, dials at the end of each."""
    columns = "TIMESTAMP,VERBR_KWH_181,VERBR_KWH_182,GELVR_KWH_281,GELVR_KWH_282,VERBR_KWH_X,GELVR_KWH_X,TARIEFCODE"
    return "".join(
        f"replace into e_history_uur ({columns},VERBR_GAS_2421,VERBR_GAS_X) "
        f"values ('2025-03-28 0{hour}:00:00','500.{hour:03d}','600.3','0.4','7.5','0.001','0','P','900.6','0');\n"
        for hour in range(4)
    )
