"""Parsers and writers that share a street are killed by SIGKILL while telegrams flow."""

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from meterkast_contracts.messages import EventKind
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker
from tests.chaos.test_kill import wait_until_up
from tests.databases import DatabaseMissingError, DatabaseServer, influxdb_1
from tests.pipeline.bridge import Bridge
from tests.pipeline.dial import Dial
from tests.pipeline.fleet import Kept, Street, fleet, same
from tests.pipeline.parts import Part, running, settings_for

GATEWAYS, TICKS, EVERY_S = 50, 16, 60
AT_ONCE = 20
PATIENCE_S = 60
TELEGRAMS, INTERVAL_S = 120, 0.02


@pytest.fixture
def influx(tmp_path: Path) -> Iterator[DatabaseServer]:
    """Give a running InfluxDB."""
    try:
        with influxdb_1(tmp_path / "influxdb") as server:
            yield server
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


async def test_a_fleet_loses_nothing_and_counts_nothing_twice(
    mosquitto: Broker, influx: DatabaseServer, tmp_path: Path
) -> None:
    """Two parsers and two writers are killed in turn: each reading stands once, and each event was told once."""
    street = Street(GATEWAYS, EVERY_S, TICKS)
    kept = Kept(influx)
    parts = fleet(tmp_path, mosquitto, influx, parsers=2, writers=2)
    settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    with running(parts):
        for part in parts.values():
            part.start()
        await wait_until_up(mosquitto, *parts)
        async with MqttSession(settings, client_id="street") as session:
            await session.wait_connected()
            messages = street.messages()
            each = GATEWAYS * TICKS // (len(parts) + 1)
            for part in parts.values():
                await send(session, itertools.islice(messages, each))
                await asyncio.to_thread(kill, part)
            await send(session, messages)
        await until_kept(kept, len(street.readings))
    assert not same(street, kept)
    switches = kept.events(EventKind.TARIFF_SWITCH)
    assert switches == dict.fromkeys(street.sent, 1)


def kill(part: Part) -> None:
    part.kill()
    part.start()


async def send(session: MqttSession, messages: Iterator[tuple[str, bytes]]) -> None:
    while some := list(itertools.islice(messages, AT_ONCE)):
        await asyncio.gather(*(session.publish(topic, raw) for topic, raw in some))


async def until_kept(kept: Kept, wanted: int) -> None:
    found = -1
    try:
        async with asyncio.timeout(PATIENCE_S):
            while found < wanted:
                await asyncio.sleep(0.2)
                found = await asyncio.to_thread(kept.count)
    except TimeoutError:
        raise AssertionError(f"{found} of {wanted} readings are kept") from None


@pytest.mark.parametrize("disk", ["kept", "lost"])
async def test_a_fleet_outlives_its_broker(mosquitto: Broker, disk: str, tmp_path: Path) -> None:
    """The broker is killed, with or without what it had saved: the reader sends again, and each reading stands once."""
    dial = Dial.of(TELEGRAMS)
    with Bridge(dial.telegrams, interval_s=INTERVAL_S) as bridge:
        settings = settings_for(mosquitto, bridge.url)
        own = {
            "parser-1": {"METERKAST_PARSER__SHARE": "parser"},
            "parser-2": {"METERKAST_PARSER__SHARE": "parser"},
            "history": {"METERKAST_HISTORY__SHARE": "1/1"},
            "reader": {},
        }
        parts = {}
        for name, more in own.items():
            (tmp_path / name).mkdir()
            variables = {**settings, **more, "METERKAST_INSTANCE": name}
            parts[name] = Part(name.partition("-")[0], tmp_path / name, variables)
        with running(parts):
            for name in ("parser-1", "parser-2", "history"):
                parts[name].start()
            await wait_until_up(mosquitto, "parser-1", "parser-2", "history")
            parts["reader"].start()
            bridge.wait_for(TELEGRAMS // 2)
            mosquitto.kill()
            if disk == "lost":
                mosquitto.forget()
            mosquitto.start()
            bridge.wait_for(TELEGRAMS)
            data = tmp_path / "history" / "data"
            await dial.wait_until_kept(data, PATIENCE_S)
            for part in reversed(parts.values()):
                part.stop()
            await dial.check(data)
