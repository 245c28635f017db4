"""A person's way through the firmware's portal, on a phone."""

import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page, expect

from tests.brokers import Broker, BrokerMissingError, BrokerOptions, Mosquitto
from tests.browser.conftest import PHONE, Browser, Look
from tests.firmware import portal_device
from tests.firmware.portal_device import Device

pytestmark = pytest.mark.asyncio(loop_scope="session")

AIR = {
    "networks": [
        {"ssid": "Huize Duinzicht", "password": "duinzicht 1953", "rssi": -52, "joins_after_ms": 500},
        {"ssid": "Gast", "rssi": -71},
        {"ssid": "zolder", "password": "onder de pannen", "hidden": True},
    ]
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    """Give a Mosquitto that lets in this gateway alone."""
    made = Mosquitto(tmp_path / "broker", BrokerOptions(username="esp01-dsmr-3f", password="gateway's own"))
    try:
        made.start()
    except BrokerMissingError as missing:
        pytest.skip(str(missing))
    yield made
    made.stop()


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    """Give a device on its first start."""
    root = portal_device.built(tmp_path / "slot")
    with portal_device.running(Device(root=root, folder=tmp_path / "device", air=AIR, pace=10)) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="session")
async def phone(chromium: Chromium) -> AsyncIterator[Browser]:
    """Give a browser that needs no web page of ours."""
    async with AsyncExitStack() as stack:
        yield Browser(chromium, stack)


async def photograph(page: Page, name: str) -> None:
    """Keep what the person sees, where somebody wants to look."""
    if folder := os.environ.get("PORTAL_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_first_start(device: Device, broker: Broker, phone: Browser) -> None:
    """From the phone's probe to "done", in Dutch: slips are told at their fields, failures by what failed."""
    page = await phone.open(f"http://{device.own}/hotspot-detect.html", Look(language="nl-NL", size=PHONE))
    await expect(page.get_by_role("heading", name="Meter aansluiten")).to_be_visible()
    await expect(page.get_by_text("ESP01-DSMR-3F")).to_be_visible()
    await expect(page.get_by_text("Gast · open")).to_be_visible()
    await expect(page.get_by_text("zolder")).to_have_count(0)
    await expect(page.get_by_label("Naam van het netwerk")).to_be_hidden()
    wifi_password, broker_password = (page.locator(f"[name={name}]") for name in ("wifi_password", "broker_password"))
    go = page.get_by_role("button", name="Probeer en bewaar")

    await go.click()
    await expect(page.get_by_text("Kies een netwerk, of vul een naam")).to_be_visible()
    await expect(page.get_by_text("Vul dit in.")).to_be_visible()
    await photograph(page, "slips")

    await page.get_by_text("Huize Duinzicht").click()
    await wifi_password.fill("duinzicht 1954")
    await page.get_by_role("button", name="Toon").first.click()
    await expect(wifi_password).to_have_attribute("type", "text")
    await page.locator("[name=host]").fill("127.0.0.1")
    await page.locator("[name=port]").fill(str(broker.port))
    await page.locator("[name=user]").fill("esp01-dsmr-3f")
    await broker_password.fill("a wrong one")
    await go.click()
    await expect(page.get_by_text("Verbinden met Huize Duinzicht")).to_be_visible()
    await photograph(page, "trying")
    await expect(page.get_by_text("Het wifi-wachtwoord klopt niet.")).to_be_visible()
    await expect(wifi_password).to_be_focused()
    await wifi_password.fill("duinzicht 1953")
    await go.click()
    await expect(page.get_by_text("De broker weigert deze gebruiker of dit wachtwoord.")).to_be_visible()
    assert device.saved is None
    await broker_password.fill("gateway's own")
    await go.click()
    await expect(page.get_by_text("Klaar. De gateway herstart en verbindt met Huize Duinzicht")).to_be_visible()
    await expect(page.get_by_text("http://ESP01-DSMR-3F.local/")).to_be_visible()
    await photograph(page, "done")
    assert device.saved == {
        "gateway": "esp01-dsmr-3f",
        "language": "nl",
        "wifi": {"ssid": "Huize Duinzicht", "password": "duinzicht 1953"},
        "broker": {"host": "127.0.0.1", "port": broker.port, "user": "esp01-dsmr-3f", "password": "gateway's own"},
    }
    assert device.ended()
    assert not [complaint for complaint in phone.complaints if not re.search(r"400 .*/try", complaint)]


async def test_hidden_network_and_a_lost_phone(device: Device, broker: Broker, phone: Browser) -> None:
    """In English and in the dark: a hidden network by name, a static address, a phone that is away meanwhile."""
    page = await phone.open(f"http://{device.own}/", Look(language="nl-NL", theme="dark", size=PHONE))
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="Connect your meter")).to_be_visible()
    await page.get_by_text("Other or hidden network").click()
    await page.get_by_label("Name of the network").fill("zolder")
    await page.locator("[name=wifi_password]").fill("onder de pannen")
    for name, text in {
        "host": "127.0.0.1",
        "port": str(broker.port),
        "user": "esp01-dsmr-3f",
        "broker_password": "gateway's own",
        "gateway": "Zolder",
    }.items():
        await page.locator(f"[name={name}]").fill(text)
    await page.get_by_text("Static address").click()
    for name, text in {"address": "127.0.0.7", "netmask": "255.0.0.0", "router": "127.0.0.1"}.items():
        await page.locator(f"[name={name}]").fill(text)
    await photograph(page, "dark")
    await page.get_by_role("button", name="Try and save").click()
    await expect(page.get_by_text("Only lower-case letters, digits, - and _.")).to_be_visible()
    await page.locator("[name=gateway]").fill("zolder")
    device.breathe(networks=[{**AIR["networks"][2], "joins_after_ms": 2000}])
    await page.get_by_role("button", name="Try and save").click()
    await expect(page.get_by_text("Joining zolder")).to_be_visible()
    await page.context.set_offline(offline=True)
    await expect(page.get_by_text("The phone has lost ESP01-DSMR-3F for a moment.")).to_be_visible()
    await photograph(page, "lost")
    await page.context.set_offline(offline=False)
    await expect(page.get_by_text("Done. The gateway restarts and joins zolder")).to_be_visible()
    assert device.saved["gateway"] == "zolder"
    assert device.saved["static"]["address"] == "127.0.0.7"
