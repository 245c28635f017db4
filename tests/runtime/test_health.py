"""What a service says of itself."""

import asyncio

from meterkast_contracts.messages import HealthStatus, ServiceHealth
from meterkast_runtime.health import Health
from meterkast_runtime.health_report import HealthReport
from meterkast_runtime.mqtt import MqttSession
from meterkast_runtime.supervision import unheeded

from tests.brokers import Broker
from tests.runtime.sessions import settings_for, take


def test_a_service_is_starting_until_it_is_ready() -> None:
    """Trouble of a part degrades a service once it is up, and each part has its own."""
    health = Health("reader", "attic")
    assert (health.topic, health.status) == ("meterkast/reader/attic/status", HealthStatus.STARTING)
    health.ready()
    assert health.status is HealthStatus.OK
    health.degraded("The meter is silent.", part="port")
    health.degraded("The broker is away.", part="mqtt")
    assert (health.status, health.message().detail) == (
        HealthStatus.DEGRADED,
        "The meter is silent. The broker is away.",
    )
    health.ok(part="port")
    assert health.message().detail == "The broker is away."
    health.ok(part="mqtt")
    health.ok()
    assert (health.status, health.message().detail) == (HealthStatus.OK, None)


def test_a_failure_stands_until_the_service_is_up_again() -> None:
    """A service that failed says why until it has been started again."""
    health = Health("reader")
    health.failed("The port is gone.")
    assert (health.status, health.message().detail) == (HealthStatus.FAILED, "The port is gone.")
    health.ready()
    assert (health.status, health.message().detail) == (HealthStatus.OK, None)


def test_only_changes_are_told() -> None:
    """A listener hears of each change once, and nothing any more once it let go."""
    health, heard = Health("reader"), list[HealthStatus]()
    forget = health.on_change(lambda: heard.append(health.status))
    for _ in range(2):
        health.ready()
        health.set("mqtt", "connected")
        health.degraded("silent")
    forget()
    health.ok()
    assert heard == [HealthStatus.OK, HealthStatus.OK, HealthStatus.DEGRADED]


def test_the_version_is_that_of_the_service() -> None:
    """A service states its package's version, and that of the runtime where it has no package."""
    assert Health("reader").version == Health("of no package").version == "0.1.0"


async def test_health_is_published_at_each_change_and_from_time_to_time(broker: Broker) -> None:
    """Every change is published, the present state is repeated, and the last word is `stopped`."""
    health = Health("reader")
    settings = settings_for(broker)
    async with MqttSession(settings, client_id="watcher", subscriptions=["meterkast/+/+/status"]) as watcher:
        await watcher.wait_connected()
        report = asyncio.create_task(HealthReport(health, settings, every_s=0.2).run(unheeded))
        health.ready()
        messages = await take(watcher, 2)
        health.degraded("The meter is silent.")
        report_of = ServiceHealth.from_json
        while report_of(messages[-1].payload).status is HealthStatus.OK:
            messages += await take(watcher, 1)
        assert report_of(messages[-1].payload).detail == "The meter is silent."
        report.cancel()
        while report_of(messages[-1].payload).status is not HealthStatus.STOPPED:
            messages += await take(watcher, 1)
        await asyncio.wait([report])
        assert report.cancelled()
    statuses = [report_of(message.payload).status for message in messages]
    assert statuses[:2] == [HealthStatus.OK, HealthStatus.OK]
