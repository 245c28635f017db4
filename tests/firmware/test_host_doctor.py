"""`meterkast doctor --gateway`: every state of a gateway, from what it says over MQTT."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from meterkast.doctor.gateway_diagnosis import GatewaySeen, diagnose_gateway
from meterkast.doctor.gateway_findings import ADVICE, GatewayFinding
from meterkast.doctor.gateway_visit import text, watch
from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import OFFLINE, ONLINE, Topics
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker
from tests.launcher.command import meterkast

NAME = "esp01-dsmr-3f"
TOPICS = Topics()
COUNTERS = {"telegrams": 1000, "crc_errors": 0, "dropped": 0, "reconnects": 1, "free_heap_bytes": 11_000}


def info(counters: dict[str, int] | None = None, **fields: Any) -> DeviceInfo:
    """What a gateway says of itself when all is well; `fields` and `counters` are otherwise."""
    said = {
        "version": "1.0.0",
        "slot": "a",
        "address": "192.168.1.20",
        "signal_dbm": -60,
        "uptime_s": 4000,
        "reset_cause": "power-on",
        "line": "115200 8N1",
        "commands": ("restart", "update"),
    }
    return DeviceInfo(gateway=NAME, source="esp01", counters={**COUNTERS, **(counters or {})}, **{**said, **fields})


def seen(
    last: DeviceInfo | None = None, first: DeviceInfo | None = None, *, online: bool | None = True, telegrams: int = 5
) -> GatewaySeen:
    """A gateway listened to for ten seconds."""
    return GatewaySeen(NAME, 10, online, first or last, last, telegrams, ("home",))


WELL = info()
CASES: dict[str, tuple[GatewaySeen, list[GatewayFinding]]] = {
    "well": (seen(WELL), []),
    "never seen": (seen(online=None, telegrams=0), [GatewayFinding.NEVER_SEEN]),
    "offline": (seen(WELL, online=False), [GatewayFinding.OFFLINE]),
    "offline, nothing else known": (seen(online=False), [GatewayFinding.OFFLINE]),
    "says nothing": (seen(None), [GatewayFinding.SILENT]),
    "no telegrams": (seen(WELL, telegrams=0), [GatewayFinding.NO_TELEGRAMS]),
    "all damaged": (seen(info({"crc_errors": 9}), WELL, telegrams=0), [GatewayFinding.CRC_ERRORS]),
    "some damaged now": (seen(info({"telegrams": 1005, "crc_errors": 2}), WELL), [GatewayFinding.CRC_ERRORS]),
    "many damaged since the start": (seen(info({"crc_errors": 90})), [GatewayFinding.CRC_ERRORS]),
    "few damaged in a day": (seen(info({"crc_errors": 5})), []),
    "started while listening": (seen(info(uptime_s=3), WELL), [GatewayFinding.RESTARTING]),
    "watchdog": (seen(info(reset_cause="watchdog")), [GatewayFinding.RESTARTING]),
    "weak": (seen(info(signal_dbm=-85)), [GatewayFinding.WEAK_WIFI]),
    "dropped": (seen(info({"dropped": 12})), [GatewayFinding.DROPPED]),
    "dropped a few long ago": (seen(info({"dropped": 3})), []),
    "little memory": (seen(info({"free_heap_bytes": 900})), [GatewayFinding.LITTLE_MEMORY]),
    "rolled back": (seen(info(update="1.1.0: rolled back: no MQTT in 300 s")), [GatewayFinding.ROLLED_BACK]),
    "refused": (seen(info(update="1.1.0: refused: another key")), [GatewayFinding.UPDATE_FAILED]),
    "failed": (seen(info(update="?: failed: no answer")), [GatewayFinding.UPDATE_FAILED]),
    "on trial": (seen(info(update="1.1.0: trial")), [GatewayFinding.ON_TRIAL]),
    "installed": (seen(info(update="1.1.0: installed")), []),
    "offline after a failed update": (
        seen(info(update="1.1.0: failed: x"), online=False),
        [GatewayFinding.OFFLINE, GatewayFinding.UPDATE_FAILED],
    ),
    "two at once": (
        seen(info({"dropped": 3}, signal_dbm=-80), WELL, telegrams=2),
        [GatewayFinding.DROPPED, GatewayFinding.WEAK_WIFI],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_state_is_told_apart(case: str) -> None:
    """What is the matter, no more and no less."""
    given, expected = CASES[case]
    assert [trouble.finding for trouble in diagnose_gateway(given)] == expected


def test_every_finding_can_be_found_and_has_advice() -> None:
    """None is dead, and none leaves a person alone."""
    assert {finding for _, findings in CASES.values() for finding in findings} == set(GatewayFinding) == set(ADVICE)


def test_the_reason_is_passed_on() -> None:
    """What the gateway says of its update, where it was seen last, and which others there are."""
    assert "to 1.1.0 was rolled back: no MQTT in 300 s." in text(CASES["rolled back"][0])
    assert "1.0.0 at 192.168.1.20 with -60 dBm, up for 1 hour" in text(CASES["offline"][0])
    assert "it knows home" in text(CASES["never seen"][0])
    assert "NOTE: It tries 1.1.0." in text(CASES["on trial"][0])


@asynccontextmanager
async def bus(broker: Broker) -> AsyncIterator[MqttSession]:
    """A connected session, to speak as a gateway does."""
    session = MqttSession(MqttSettings(host=broker.host, port=broker.port), client_id=NAME, persistent=False)
    async with session:
        await session.wait_connected()
        yield session


async def test_what_the_broker_retains_and_what_comes_is_heard(mosquitto: Broker) -> None:
    """Status and device are there at once, telegrams as they come; nothing of other gateways is mixed in."""
    settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    async with bus(mosquitto) as gateway:
        await gateway.publish(TOPICS.status(NAME), ONLINE, retain=True)
        await gateway.publish(TOPICS.device(NAME), WELL.to_json(), retain=True)
        await gateway.publish(TOPICS.status("shed"), OFFLINE, retain=True)
        found = await watch(settings, NAME, 1)
        assert (found.online, found.last, found.telegrams, found.known) == (True, WELL, 0, ("shed",))
        assert (await watch(settings, "shed", 1)).online is False


async def test_the_command_takes_a_gateways_name(mosquitto: Broker, tmp_path: Path) -> None:
    """`doctor NAME` looks at the gateway; the code is 1 where something is to be done."""
    async with bus(mosquitto) as gateway:
        await gateway.publish(TOPICS.status(NAME), OFFLINE, retain=True)
    broker = ("--broker", f"127.0.0.1:{mosquitto.port}", "--seconds", "1")
    result = meterkast("doctor", NAME, *broker, directory=tmp_path)
    said = result.stdout.decode()
    assert result.returncode == 1, result.stderr
    assert f"PROBLEM: {NAME} is offline: the broker has lost it." in said
