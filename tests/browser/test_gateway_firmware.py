"""A gateway with our firmware on the page: what it says of its life, and the update that is offered."""

from pathlib import Path

import pytest
from meterkast_api.firmware.shelf import FOLDER, Shelf
from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import Topics
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from playwright.async_api import expect

from tests.brokers import Broker
from tests.browser.conftest import Browser
from tests.browser.meter import Meter
from tests.browser.pipeline import running, seconds_ago
from tests.firmware.releases import Workshop

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "correct horse battery"
GATEWAY = DeviceInfo(
    gateway="home",
    source="esp01",
    version="1.0.0",
    slot="a",
    uptime_s=3_900,
    reset_cause="watchdog",
    update="1.0.5: rolled back: no MQTT in 300 s",
    answer="identify: done",
    commands=("restart", "identify", "update"),
)


async def test_a_gateway_tells_its_life_and_is_offered_the_newest_release(
    mosquitto: Broker, browser: Browser, tmp_path: Path
) -> None:
    """Slot, cause, last update and answer stand there; the button orders the release that it does not run yet."""
    data = tmp_path / "data"
    Shelf(data / FOLDER).put(Workshop.of(tmp_path).release("1.1.0", 2))
    topic = Topics().command("home", "update")
    settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    listener = MqttSession(settings, client_id="listener", persistent=False, subscriptions=[topic])
    async with (
        running(mosquitto, data, password=PASSWORD, firmware_url="http://192.168.1.10:8080") as pipeline,
        listener,
    ):
        await listener.wait_connected()
        await pipeline.online()
        await pipeline.introduce(GATEWAY)
        await pipeline.send(Meter().telegram(seconds_ago(1)))
        page = await browser.open(f"{pipeline.url}#/setup")
        thing = page.get_by_test_id("gateway-home")
        for words in ("1.0.0, slot a", "for 1 h 5 min", "watchdog", "rolled back: no MQTT in 300 s", "identify: done"):
            await expect(thing).to_contain_text(words)
        await thing.get_by_role("button", name="Update to 1.1.0").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Password").fill(PASSWORD)
        await dialog.get_by_role("button", name="Log in").click()
        message = await anext(aiter(listener.messages()))
        assert b"http://192.168.1.10:8080/api/v1/firmware/1.1.0/" in message.payload
        await pipeline.introduce(GATEWAY.model_copy(update={"version": "1.1.0", "update": "1.1.0: installed"}))
        await expect(thing).to_contain_text("1.1.0: installed")
        await expect(thing.get_by_role("button", name="Update to 1.1.0")).to_have_count(0)
