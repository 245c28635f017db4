import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from meterkast.broker import Configuration, EmbeddedBroker, find_program
from meterkast.broker_configuration import BrokerOptions, mosquitto, nats
from meterkast.errors import LauncherError
from meterkast.ports import choose, is_free, owner
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from pydantic import SecretStr

from tests.brokers import BrokerMissingError, Mosquitto, Nats, free_port

PATIENCE_S = 20


@pytest.fixture(params=["nats", "mosquitto"])
def program(request: pytest.FixtureRequest) -> tuple[str, Configuration]:
    """Each of the brokers that can be embedded."""
    kind, configuration = {"nats": (Nats, nats), "mosquitto": (Mosquitto, mosquitto)}[request.param]
    try:
        return kind.executable(), configuration
    except BrokerMissingError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def options(tmp_path: Path) -> BrokerOptions:
    """A broker on a free port with a login."""
    return BrokerOptions(
        address="127.0.0.1", port=free_port(), directory=tmp_path / "broker", username="huis", password='a"b'
    )


def _settings(options: BrokerOptions, password: str | None = None) -> MqttSettings:
    return MqttSettings(
        host=options.address,
        port=options.port,
        username=options.username,
        password=SecretStr(password or options.password or ""),
    )


async def _round_trip(settings: MqttSettings) -> bytes:
    async with MqttSession(settings, client_id="test", subscriptions=("a/#",), persistent=False) as session:
        await session.wait_connected()
        await session.publish("a/b", b"there")
        async for message in session.messages():
            message.ack()
            return message.payload
    raise AssertionError("the session ended")


async def test_it_passes_messages_on_to_those_who_know_the_password(
    program: tuple[str, Configuration], options: BrokerOptions
) -> None:
    """A session with the login is served, one with a wrong password is not, and the port is free afterwards."""
    async with EmbeddedBroker(options, program=program):
        async with asyncio.timeout(PATIENCE_S):
            assert await _round_trip(_settings(options)) == b"there"
        async with MqttSession(_settings(options, "wrong"), client_id="other") as session:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(session.wait_connected(), 0.5)
    assert is_free(options.address, options.port)


async def test_it_is_started_again_when_it_dies_and_has_forgotten_nothing(
    program: tuple[str, Configuration], options: BrokerOptions
) -> None:
    """After `kill -9` of the broker it is back by itself, and a session goes on over the new connection."""
    async with EmbeddedBroker(options, program=program) as broker, asyncio.timeout(PATIENCE_S):
        first = broker.pid
        assert first is not None
        async with MqttSession(_settings(options), client_id="test", subscriptions=("a/#",)) as session:
            await session.wait_connected()
            os.kill(first, signal.SIGKILL)
            await session.publish("a/b", b"back")
            await session.publish("a/b", b"after")  # the subscription is renewed before this one is sent
            async for message in session.messages():
                message.ack()
                if message.payload == b"after":
                    break
        assert (broker.restarts, broker.pid != first) == (1, True)


async def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    """A configuration that the broker refuses is one sentence with the broker's own last words."""
    options = BrokerOptions(address="127.0.0.1", port=free_port(), directory=tmp_path)
    program, _ = find_program()
    with pytest.raises(LauncherError, match="ended at once with code 1"):
        async with EmbeddedBroker(options, program=(program, lambda _: "mqtt { nonsense")):
            pass


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_it_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    """When the launcher is killed by `kill -9`, the kernel ends the broker."""
    code = f"""
import asyncio, pathlib, sys
from meterkast.broker import EmbeddedBroker
from meterkast.broker_configuration import BrokerOptions
async def main():
    options = BrokerOptions(address="127.0.0.1", port={free_port()}, directory=pathlib.Path({str(tmp_path)!r}))
    async with EmbeddedBroker(options) as broker:
        print(broker.pid, flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        broker = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    with contextlib.suppress(psutil.NoSuchProcess):
        broker.wait(PATIENCE_S)
    assert not broker.is_running()


def test_a_taken_port_is_named_or_passed_by() -> None:
    """A taken port is refused with its owner when asked for; a default one gives way to the next free one."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert str(os.getpid()) in owner(port)
        with pytest.raises(LauncherError, match=f"port {port} for MQTT is in use by .*another port by --mqtt-port"):
            choose("127.0.0.1", port, asked=True, purpose="MQTT", option="--mqtt-port")
        other = choose("127.0.0.1", port, asked=False, purpose="MQTT", option="--mqtt-port")
        assert port < other < port + 100


def test_an_address_of_another_machine_is_refused() -> None:
    """An address that this machine does not have is one sentence."""
    with pytest.raises(LauncherError, match=r"nothing can listen on 192\.0\.2\.1:1883"):
        is_free("192.0.2.1", 1883)
