"""From the firmware to the screen: real MicroPython at a meter's port, every service, and the page."""

import re
from pathlib import Path

import pytest
from meterkast_parser.decode import decode
from playwright.async_api import expect

from tests.brokers import Broker
from tests.browser.conftest import PHONE, Browser, Look
from tests.browser.pipeline import running
from tests.firmware.interpreter import wide
from tests.launcher.p1_port import P1Port
from tests.pipeline.dial import ZONE
from tests.pipeline.esp01 import NAME, Gateway, telegrams

ARTEFACTS = Path(__file__).parents[2] / "artefacts"
PATIENCE_MS = 30_000

pytestmark = pytest.mark.asyncio(loop_scope="session")


def _watts(raw: bytes) -> str:
    """What the page shows of a telegram: the net power, without its sign."""
    values = decode(raw, gateway=NAME, received_at=None, zone=ZONE).values
    return f"{abs(int(values['power_import_w']) - int(values['power_export_w'])):,}"


async def test_what_the_firmware_reads_stands_on_the_page(mosquitto: Broker, browser: Browser, tmp_path: Path) -> None:
    """Now shows the power of the meter's telegrams, and the next one's; Setup what the gateway says of itself."""
    wide()
    raws = telegrams()
    ARTEFACTS.mkdir(exist_ok=True)
    async with running(mosquitto, tmp_path / "data") as pipeline:
        page = await browser.open(pipeline.url)
        with P1Port(raws, interval_s=0.5) as meter, Gateway(tmp_path, meter.device, mosquitto.port) as gateway:
            shown = page.get_by_test_id("power-value")
            await expect(shown).to_have_text(re.compile(r"^[\d,]+$"), timeout=PATIENCE_MS)
            first = await shown.inner_text()
            await expect(shown).not_to_have_text(first)
            assert {first, await shown.inner_text()} <= set(map(_watts, raws))
            await expect(page.get_by_test_id("link")).to_have_text("Live")
            await page.screenshot(path=ARTEFACTS / "firmware-now.png", full_page=True)
            setup = await browser.open(f"{pipeline.url}#/setup", Look(size=PHONE))
            thing = setup.get_by_test_id(f"gateway-{NAME}")
            for words in (
                "online",
                "1.0.0, slot a",
                "115200 8N1",
                "127.0.0.1",
                "50 dBm",
                "power-on",
                "Free memory, bytes",
            ):
                await expect(thing).to_contain_text(words)
            await setup.screenshot(path=ARTEFACTS / "firmware-setup.png", full_page=True)
            assert gateway.said.splitlines()[1:] == []
        await expect(thing).to_contain_text("offline")
        assert browser.complaints == []
