"""A service as a process: start, signals, failure, health and metrics."""

import asyncio
import os
import signal
import sys
import time
import urllib.request
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from meterkast_contracts.messages import HealthStatus, ServiceHealth
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker, free_port
from tests.runtime.sessions import settings_for, take

REPOSITORY = Path(__file__).parents[2]
HEALTH_TOPIC = "meterkast/sample/main/status"

Sample = Callable[..., Awaitable[Process]]


@asynccontextmanager
async def sample(mood: str, port: int, **variables: object) -> AsyncIterator[Process]:
    """Run the sample service until the block ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("METERKAST_")}
    environment |= {"METERKAST_MQTT__HOST": "127.0.0.1", "METERKAST_MQTT__PORT": str(port)}
    environment |= {f"METERKAST_{name}": str(value) for name, value in variables.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.runtime.sample", mood, cwd=REPOSITORY, env=environment, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def up(process: Process) -> None:
    """Wait until the service runs."""
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"up\n"


async def end(process: Process) -> tuple[int, str, str]:
    """Wait for its end; gives the exit code, the output and the log."""
    output, log = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    return process.returncode, output.decode(), log.decode()


async def healths(watcher: MqttSession, count: int) -> list[HealthStatus]:
    """The next statuses published."""
    return [ServiceHealth.from_json(message.payload).status for message in await take(watcher, count)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_in_order_within_two_seconds(number: signal.Signals) -> None:
    """SIGINT and SIGTERM cancel the service, which ends in order, and the exit code is 0."""
    async with sample("well", free_port()) as process:
        await up(process)
        began = time.monotonic()
        process.send_signal(number)
        code, output, _ = await end(process)
    assert (code, output) == (0, "down\n")
    assert time.monotonic() - began < 2


async def test_a_service_that_does_not_stop_is_ended() -> None:
    """A service that will not end is ended after two seconds, with a sentence and exit code 1."""
    async with sample("stubborn", free_port()) as process:
        await up(process)
        process.send_signal(signal.SIGTERM)
        code, _, log = await end(process)
    assert code == 1
    assert "did not stop within 2 s" in log


async def test_a_second_signal_quits_at_once() -> None:
    """A second Ctrl-C does not wait for anything."""
    async with sample("stubborn", free_port()) as process:
        await up(process)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"down\n"
        process.send_signal(signal.SIGINT)
        code, _, log = await end(process)
    assert code == 128 + signal.SIGINT
    assert "did not stop" not in log


async def test_an_error_with_a_hint_is_one_sentence() -> None:
    """A service that fails with an error of ours says it without a traceback, and the exit code is 1."""
    async with sample("sentence", free_port()) as process:
        code, _, log = await end(process)
    assert code == 1
    assert "the meter is gone: plug it in" in log
    assert "Traceback" not in log


async def test_a_bug_is_shown_with_its_traceback() -> None:
    """A service that fails with another error shows where, and the exit code is 1."""
    async with sample("bug", free_port()) as process:
        code, _, log = await end(process)
    assert code == 1
    assert "failed: ZeroDivisionError: by nought" in log
    assert "Traceback" in log


async def test_a_finished_service_ends_the_process() -> None:
    """A service that returns has finished: exit code 0."""
    async with sample("finished", free_port()) as process:
        code, _, _ = await end(process)
    assert code == 0


async def test_health_follows_the_life_of_a_service(broker: Broker) -> None:
    """Health says ok while up, stopped after an orderly stop, and the will says lost after kill -9."""
    async with MqttSession(settings_for(broker), client_id="watcher", subscriptions=[HEALTH_TOPIC]) as watcher:
        await watcher.wait_connected()
        async with sample("well", broker.port) as process:
            await up(process)
            assert await healths(watcher, 1) == [HealthStatus.OK]
            process.send_signal(signal.SIGTERM)
            assert await healths(watcher, 1) == [HealthStatus.STOPPED]
            await end(process)
        async with sample("well", broker.port) as process:
            await up(process)
            assert await healths(watcher, 1) == [HealthStatus.OK]
            process.kill()
            assert await healths(watcher, 1) == [HealthStatus.LOST]
    async with MqttSession(settings_for(broker), client_id="late", subscriptions=[HEALTH_TOPIC]) as late:
        (message,) = await take(late, 1)
    health = ServiceHealth.from_json(message.payload)
    assert (message.retain, health.service, health.instance) == (True, "sample", "main")


async def test_metrics_are_served_where_the_settings_say() -> None:
    """With a port set, /metrics shows the process and its MQTT sessions, and /health how it does."""
    port = free_port()
    async with sample("well", free_port(), METRICS__PORT=port) as process:
        await up(process)
        page = await asyncio.to_thread(_read, f"http://127.0.0.1:{port}/metrics")
        health = await asyncio.to_thread(_read, f"http://127.0.0.1:{port}/health")
        process.send_signal(signal.SIGTERM)
        assert (await end(process))[0] == 0
    assert 'meterkast_mqtt_connected{client="meterkast-sample-main-health"} 0.0' in page
    assert ServiceHealth.from_json(health).status is HealthStatus.OK


async def test_a_metrics_port_in_use_is_one_sentence(broker: Broker) -> None:
    """A port that another program uses is named, and the exit code is 1."""
    async with sample("well", broker.port, METRICS__PORT=broker.port) as process:
        code, _, log = await end(process)
    assert code == 1
    assert f"metrics cannot be served on 127.0.0.1:{broker.port}, another program uses it" in log
    assert "Traceback" not in log


async def test_wrong_settings_end_the_start_with_exit_code_2() -> None:
    """A mistake in the settings is told on standard error before anything starts."""
    async with sample("well", free_port(), MQTT__PROT=1883) as process:
        code, output, log = await end(process)
    assert (code, output) == (2, "")
    assert log == "METERKAST_MQTT__PROT is not a setting: did you mean METERKAST_MQTT__PORT?\n"


async def test_an_unreachable_broker_does_not_delay_the_end() -> None:
    """A service that cannot reach its broker, not even by name, still stops in order at once."""
    async with sample("well", 1883, MQTT__HOST="192.0.2.1") as process:
        await up(process)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert (await end(process))[0] == 0
    assert time.monotonic() - began < 2


def _read(url: str) -> str:
    with urllib.request.urlopen(url) as answer:
        text: str = answer.read().decode()
        return text


def test_mqtt_settings_name_the_address() -> None:
    """The broker's address is told the way people write it."""
    assert MqttSettings(host="home", port=1).address == "home:1"
