import asyncio
import contextlib
import gzip
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import serial
import serial.rfc2217
from meterkast_contracts.topics import TopicError
from meterkast_reader.simulator import simulate
from meterkast_reader.sources import Chunk, Source, SourceError, open_sources, parse_url
from meterkast_reader.sources.tcp import TcpSource

from tests.reader.telegrams import WITH_CRC, WITHOUT_CRC
from tests.reader.waiting import until

ZONE = ZoneInfo("Europe/Amsterdam")


def opened(url: str, folder: Path, gateway: str = "home") -> list[tuple[str, Source]]:
    return open_sources(url, gateway, data_dir=folder, zone=ZONE)


async def taken(source: Source, count: int) -> list[Chunk]:
    """The first chunks that hold bytes."""
    chunks: list[Chunk] = []
    async with asyncio.timeout(30), aclosing(source.read(lambda _: None)) as stream:
        async for chunk in stream:
            if chunk.data:
                chunks.append(chunk)
            if len(chunks) == count:
                break
    return chunks


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("sockt://host:1", "'sockt://host:1' is not a source: did you mean socket?"),
        ("ttyUSB0", "'ttyUSB0' is not a source: examples are /dev/ttyUSB0"),
        ("socket://host", "'host' is not host:port: write socket://"),
        ("socket://host:99999", "'host:99999' is not host:port"),
        ("serial:", "does not say where"),
        ("simulator:be-emucs?sped=2", "a simulator source has no option 'sped': did you mean speed?"),
        ("simulator:be-emucz", "knows no dialect 'be-emucz': did you mean be-emucs?"),
        ("simulator:?seed=x", "seed=x in the source is no number"),
        ("simulator:?seed=1.5", "seed=1.5 in the source is no whole number: write seed=1"),
        ("simulator:?start=soon", "start=soon is no time"),
        ("replay:/nowhere.log", "there is no file /nowhere.log to replay"),
        ("simulator:?speed=-1", "speed=-1 in the source is no number from 0"),
    ],
)
def test_wrong_url_is_refused_with_the_nearest_right_one(tmp_path: Path, url: str, sentence: str) -> None:
    """A wrong source says in one sentence what is wrong and what would be right."""
    with pytest.raises(SourceError) as refused:
        opened(url, tmp_path)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "scheme", "target"),
    [
        ("/dev/ttyUSB0", "serial", "/dev/ttyUSB0"),
        ("/dev/serial/by-id/usb-FTDI_P1-if00-port0?baud=9600", "serial", "/dev/serial/by-id/usb-FTDI_P1-if00-port0"),
        ("serial:///dev/ttyUSB0", "serial", "/dev/ttyUSB0"),
        ("COM3", "serial", "COM3"),
        ("socket://[::1]:2001", "socket", "[::1]:2001"),
        ("RFC2217://host:2217", "rfc2217", "host:2217"),
        ("replay:some/file.gz?speed=60", "replay", "some/file.gz"),
        ("simulator", "simulator", ""),
    ],
)
def test_right_urls_are_understood(url: str, scheme: str, target: str) -> None:
    """All the ways of writing a source."""
    parsed = parse_url(url)
    assert (parsed.scheme, parsed.target) == (scheme, target)


def test_simulated_gateways_are_numbered(tmp_path: Path) -> None:
    """Several simulated meters are gateways of their own, with seeds of their own."""
    found = opened("simulator:be-emucs?gateways=3&seed=7", tmp_path, "shed")
    assert [name for name, _ in found] == ["shed", "shed-2", "shed-3"]
    assert [source.address[-1] for _, source in found] == ["7", "8", "9"]
    with pytest.raises(TopicError):
        opened("simulator", tmp_path, "No Gateway")


async def test_simulator_at_speed_carries_its_own_time(tmp_path: Path) -> None:
    """Not at today's time, telegrams carry the simulated time as their receive time, and are those of the simulator."""
    start = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ((_, source),) = opened("simulator:nl-dsmr42?seed=7&speed=max&start=2026-03-01T12:00", tmp_path)
    chunks = await taken(source, 3)
    assert [chunk.received_ms for chunk in chunks] == [int(start.timestamp() + s) * 1000 for s in (10, 20, 30)]
    expected = list(simulate("nl-dsmr42", 7, datetime(2026, 3, 1, 12, 0, 10, tzinfo=UTC), timedelta(seconds=10), 3))
    assert [chunk.data for chunk in chunks] == [telegram for _, telegram in expected]


async def test_live_simulator_is_received_now(tmp_path: Path) -> None:
    """At speed 1 from now on, a telegram is as live as a real one: received now, at the time it shows."""
    ((_, source),) = opened("simulator:nl-dsmr5", tmp_path)
    (chunk,) = await taken(source, 1)
    assert chunk.received_ms is None
    stamp = chunk.data.split(b"0-0:1.0.0(")[1][:12].decode()
    shown = datetime.strptime(stamp, "%y%m%d%H%M%S").replace(tzinfo=ZONE)
    assert abs((datetime.now(UTC) - shown).total_seconds()) < 20


@pytest.mark.parametrize("name", ["recording.log", "recording.log.gz"])
async def test_replay_gives_the_bytes_of_the_file(tmp_path: Path, name: str) -> None:
    """A recording comes out byte for byte, each telegram at its own time; noise in it stays in it."""
    start = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    recorded = list(simulate("nl-dsmr5", 1, start, timedelta(hours=1), 3))
    content = b"cut(\r\n" + b"\r\n".join(telegram for _, telegram in recorded) + b"/ISK5 cut"
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    ((_, source),) = opened(f"replay:{path}?speed=max", tmp_path)
    async with aclosing(source.read(lambda _: None)) as stream:
        chunks = [chunk async for chunk in stream]
    assert b"".join(chunk.data for chunk in chunks) == content
    times = [chunk.received_ms for chunk in chunks if b"!" in chunk.data]
    assert times == [int(at.timestamp() * 1000) for at, _ in recorded]


async def test_replay_loops_and_keeps_its_pace(tmp_path: Path) -> None:
    """With `loop` it begins anew, and telegrams keep their distance divided by the speed."""
    start = datetime(2026, 5, 1, tzinfo=UTC)
    recorded = [telegram for _, telegram in simulate("nl-dsmr42", 1, start, timedelta(seconds=10), 3)]
    path = tmp_path / "recording.log"
    path.write_bytes(b"".join(recorded))
    ((_, source),) = opened(f"replay:{path}?speed=100&loop=1", tmp_path)
    began = asyncio.get_running_loop().time()
    chunks = await taken(source, 7)
    assert [chunk.data for chunk in chunks] == [*recorded, *recorded, recorded[0]]
    assert asyncio.get_running_loop().time() - began >= 0.59


class Bridge:
    """A ser2net: sends one telegram to each who connects, and nothing more."""

    def __init__(self, telegram: bytes) -> None:
        self.connections = 0
        self.writers: list[asyncio.StreamWriter] = []
        self._telegram = telegram

    async def serve(self, port: int = 0) -> asyncio.Server:
        return await asyncio.start_server(self._greet, "127.0.0.1", port)

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        writer.write(self._telegram)
        await writer.drain()
        await reader.read()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@contextlib.asynccontextmanager
async def listening(source: Source) -> AsyncIterator[tuple[list[Chunk], list[str | None]]]:
    """Chunks and sentences of a source, as they come."""
    chunks: list[Chunk] = []
    sentences: list[str | None] = []

    async def listen() -> None:
        async with aclosing(source.read(sentences.append)) as stream:
            async for chunk in stream:
                chunks.append(chunk)  # noqa: PERF401 - the list is looked at meanwhile

    task = asyncio.create_task(listen())
    try:
        yield chunks, sentences
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_tcp_keeps_one_connection_and_makes_it_again() -> None:
    """One connection stays open; a bridge that goes away and comes back is read on, and each is said."""
    bridge = Bridge(WITH_CRC)
    server = await bridge.serve()
    port = server.sockets[0].getsockname()[1]
    async with listening(TcpSource(parse_url(f"socket://127.0.0.1:{port}"))) as (chunks, sentences):
        await until(lambda: Chunk() in chunks)
        assert bridge.connections == 1
        server.close()
        bridge.writers[0].close()
        await server.wait_closed()
        await until(lambda: any("nothing listens at" in str(sentence) for sentence in sentences))
        server = await bridge.serve(port)
        await until(lambda: bridge.connections == 2 and chunks[-1] == Chunk())
    assert [chunk.data for chunk in chunks if chunk.data] == [WITH_CRC, WITH_CRC]
    assert Chunk(gap=True) in chunks
    assert sentences[-1] is None
    server.close()


async def test_silent_tcp_connection_is_made_again() -> None:
    """A connection over which nothing comes is given up: the peer may be gone without a word."""
    bridge = Bridge(WITH_CRC)
    server = await bridge.serve()
    port = server.sockets[0].getsockname()[1]
    async with listening(TcpSource(parse_url(f"socket://127.0.0.1:{port}?timeout=0.2"))) as (_, sentences):
        await until(lambda: bridge.connections >= 2)
        assert any("has sent nothing for 0.2 s" in str(sentence) for sentence in sentences)
    server.close()


async def test_unknown_host_is_said() -> None:
    """A name that does not exist is said as such."""
    async with listening(TcpSource(parse_url("socket://no-such-host.invalid:2001"))) as (_, sentences):
        await until(lambda: sentences)
        assert "no-such-host.invalid" in str(sentences[0])


class RemotePort:
    """A meter's serial port shared by RFC 2217, served with pyserial's own port manager."""

    def __init__(self, telegram: bytes) -> None:
        self._telegram = telegram
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        port = serial.serial_for_url("loop://", timeout=0)
        writer = connection.makefile("wb", buffering=0)
        manager = serial.rfc2217.PortManager(port, writer)  # type: ignore[arg-type] # as pyserial's own example does
        connection.settimeout(0.1)
        with contextlib.suppress(OSError), connection, writer, port:
            while True:
                with contextlib.suppress(TimeoutError):
                    data = connection.recv(1024)
                    if not data:
                        return
                    port.write(b"".join(manager.filter(data)))
                    continue
                writer.write(b"".join(manager.escape(self._telegram)))

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


@pytest.mark.filterwarnings("ignore:set(Daemon|Name):DeprecationWarning")  # in pyserial 3.5
async def test_remote_port_by_rfc2217(tmp_path: Path) -> None:
    """A port of another machine is read like a local one, and its speed is set from here."""
    remote = RemotePort(WITHOUT_CRC)
    ((_, source),) = opened(f"rfc2217://127.0.0.1:{remote.port}?baud=9600", tmp_path)
    async with listening(source) as (chunks, _):
        await until(lambda: source.line)
        assert WITHOUT_CRC in b"".join(chunk.data for chunk in chunks)
        assert source.line == "9600 8N1"
    await asyncio.to_thread(remote.close)
