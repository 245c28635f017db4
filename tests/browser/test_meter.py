"""What the meter says, line by line, and what has happened to it."""

import re
from datetime import timedelta

import pytest
from meterkast_reader.crc import seal
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Browser, Look
from tests.browser.meter import Meter
from tests.browser.pipeline import Pipeline, seconds_ago

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_telegram(pipeline: Pipeline, browser: Browser) -> None:
    """Each line of the telegram is explained to whoever points at it, taps it, or comes to it by the arrow keys."""
    meter = Meter()
    await pipeline.until("/health", lambda health: health["status"] == "ok")
    await pipeline.send(meter.telegram(seconds_ago(2)))
    page = await browser.open(f"{pipeline.url}#/meter")
    meaning = page.get_by_test_id("meaning")
    await page.get_by_text("1-0:1.7.0(00.688*kW)").hover()
    await expect(meaning).to_contain_text("Power from the grid")
    await expect(meaning).to_contain_text("0.688 kW")
    await expect(meaning).to_contain_text("DSMR 5.0.2 P1 §6.12")
    await page.get_by_text("0-0:96.1.1(").click()
    await expect(meaning).to_contain_text("E0000000123456789")
    await page.get_by_role("listbox").focus()
    await page.keyboard.press("ArrowDown")
    await expect(meaning).to_contain_text("4,713.482 kWh")
    await page.get_by_text(re.compile("^![0-9A-F]{4}$")).click()
    await expect(meaning).to_contain_text("is right: no byte was changed")
    meter.phases_w = (1000, 0, 0)
    await pipeline.send(meter.telegram(seconds_ago(1)))
    await expect(page.get_by_text("1-0:1.7.0(01.000*kW)")).to_be_visible()
    await page.get_by_role("button", name="Hold").click()
    meter.phases_w = (2000, 0, 0)
    await pipeline.send(meter.telegram(seconds_ago(0)))
    await expect(page.get_by_test_id("value-power_import_w")).to_contain_text("2,000 W")
    await expect(page.get_by_text("1-0:1.7.0(01.000*kW)")).to_be_visible()
    assert browser.complaints == []


async def test_values_and_events(pipeline: Pipeline, browser: Browser) -> None:
    """Every value stands there with its code, name and unit, and what happened is told in the reader's language."""
    meter = Meter()
    await pipeline.until("/health", lambda health: health["status"] == "ok")
    start = seconds_ago(40)
    await pipeline.send(meter.telegram(start), start)
    at = start + timedelta(seconds=20)
    other = meter.telegram(at).replace(b"0-0:96.14.0(0002)", b"0-0:96.14.0(0001)")
    await pipeline.send(_sealed(other), at)
    await pipeline.until("/api/v1/meters/home/events", lambda answer: len(answer["events"]) == 1)
    page = await browser.open(f"{pipeline.url}#/meter", Look(language="nl-NL", size=PHONE))
    gas = page.get_by_test_id("value-gas_m3")
    await expect(gas).to_contain_text("3.210,480 m³")
    await expect(gas).to_contain_text("0-1:24.2.1 · gas_m3")
    await expect(page.get_by_test_id("value-voltage_l1_v")).to_contain_text("231,4 V")
    event = page.get_by_test_id("event")
    await expect(event).to_contain_text("Tariefwissel")
    await expect(event).to_contain_text("Vanaf nu tarief 1")


def _sealed(telegram: bytes) -> bytes:
    """The telegram with the checksum of what it now says."""
    return seal(telegram[: telegram.index(b"!") + 1])
