"""A P1 port behind TCP, a reader, and one who listens at the broker."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

from meterkast_contracts.messages import DeviceInfo
from meterkast_reader.crc import seal
from meterkast_reader.service import ReaderService
from meterkast_reader.settings import ReaderSettings
from meterkast_runtime.backoff import Backoff
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import Message, MqttSession, MqttSettings

from tests.brokers import Broker
from tests.reader.waiting import until


def telegram(number: int) -> bytes:
    """A telegram that no other number gives."""
    return seal(b"/MKT5\\2NUMBERED\r\n\r\n0-0:96.13.0(%08d)\r\n1-0:1.8.1(%06d.000*kWh)\r\n!" % (number, number))


class Bridge:
    """A ser2net whose meter sends what the test says."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self.writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._greet, "127.0.0.1", self._port)
        self.url = f"socket://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for writer in self.writers:
            writer.close()

    @property
    def connected(self) -> bool:
        return bool(self.writers)

    def send(self, data: bytes) -> None:
        for writer in self.writers:
            writer.write(data)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.add(writer)
        with contextlib.suppress(OSError):
            await reader.read()
        self.writers.discard(writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


class Ear:
    """Hears all that a prefix carries, over broker restarts too."""

    def __init__(self, broker: Broker, name: str = "ear") -> None:
        self.messages: list[Message] = []
        self._session = MqttSession(
            MqttSettings(host=broker.host, port=broker.port),
            client_id=name,
            subscriptions=("dsmr/#",),
            backoff=Backoff(0.05, 0.2),
        )

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        await self._session.wait_connected()
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        await self._session.aclose()

    async def _listen(self) -> None:
        async for message in self._session.messages():
            self.messages.append(message)
            message.ack()

    def on(self, topic: str) -> list[bytes]:
        """Payloads on a topic."""
        return [message.payload for message in self.messages if message.topic == topic]

    @property
    def telegrams(self) -> list[bytes]:
        """Telegrams, live and late."""
        return [message.payload for message in self.messages if "/telegram" in message.topic]

    @property
    def late(self) -> list[bytes]:
        """Telegrams sent late."""
        return [message.payload for message in self.messages if "/telegram/" in message.topic]

    def device(self, gateway: str = "home") -> DeviceInfo:
        """The last DeviceInfo of a gateway."""
        return DeviceInfo.from_json(self.on(f"dsmr/{gateway}/device")[-1])


def reader_settings(broker: Broker, folder: Path, **reader: object) -> ReaderSettings:
    """Settings of a reader that keeps its data in a folder."""
    return ReaderSettings(
        data_dir=folder,
        mqtt={"host": broker.host, "port": broker.port},
        reader=reader,
    )


@asynccontextmanager
async def reading(settings: ReaderSettings) -> AsyncIterator[Health]:
    """A reader that runs in this process."""
    health = Health("reader")
    task = asyncio.create_task(ReaderService(settings, health).run(health.ready))
    try:
        yield health
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class ReaderProcess:
    """A reader in a process of its own, to be killed."""

    def __init__(self, broker: Broker, folder: Path, source: str) -> None:
        (folder / "meterkast.toml").touch()
        self._environment = {
            **os.environ,
            "METERKAST_MQTT__HOST": broker.host,
            "METERKAST_MQTT__PORT": str(broker.port),
            "METERKAST_DATA_DIR": str(folder),
            "METERKAST_CONFIG": str(folder / "meterkast.toml"),
        }
        self._source = source
        self._log = folder / "reader.log"

    async def start(self) -> None:
        """Start the program."""
        command = (sys.executable, "-m", "meterkast_reader", self._source)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(*command, env=self._environment, stderr=log)

    async def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        """Send a signal and wait for the end; gives the exit code."""
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Wait for the end; gives the exit code."""
        return await asyncio.wait_for(self._process.wait(), 30)


async def connected(bridge: Bridge) -> None:
    """Wait until the reader reads from the bridge."""
    await until(lambda: bridge.connected)
