import asyncio
import contextlib
from contextlib import aclosing
from pathlib import Path
from typing import Self

import pytest
import serial
from meterkast_reader.framing import Event, Frame, Framer
from meterkast_reader.sources.line import LISTEN_S, LOST_AFTER_S, LineSearch
from meterkast_reader.sources.serial_port import LineMemory, SerialSource, port_trouble
from meterkast_reader.sources.url import SourceError, parse_url

from tests.reader.serial_line import MeterAtPort
from tests.reader.telegrams import WITH_CRC, WITHOUT_CRC, with_parity
from tests.reader.waiting import until


class Listener:
    """Collects what a serial source gives and reports."""

    def __init__(self, source: SerialSource) -> None:
        self.source = source
        self.frames: list[bytes] = []
        self.sentences: list[str | None] = []
        self._framer = Framer()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *error: object) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _listen(self) -> None:
        async with aclosing(self.source.read(self.sentences.append)) as chunks:
            async for chunk in chunks:
                events: list[Event] = self._framer.feed(chunk.data) + (self._framer.close() if chunk.gap else [])
                self.frames += [event.data for event in events if isinstance(event, Frame)]


@pytest.fixture
def memory(tmp_path: Path) -> LineMemory:
    """A memory of found speeds, empty at first."""
    return LineMemory(tmp_path / "data" / "lines.json")


@pytest.mark.parametrize(
    ("telegram", "speed", "line"),
    [
        (WITH_CRC, 115_200, "115200 8N1"),
        (WITHOUT_CRC, 9600, "9600 7E1"),
        (WITHOUT_CRC, 9600, "9600 8N1"),
    ],
)
async def test_speed_is_found_by_listening(
    tmp_path: Path, memory: LineMemory, telegram: bytes, speed: int, line: str
) -> None:
    """Whatever the meter speaks, its telegrams come out exact, and the setting is found and remembered."""
    port = tmp_path / "ttyTEST"
    with MeterAtPort(port, telegram, speed=speed, seven_bit=line.endswith("7E1")):
        async with Listener(SerialSource(parse_url(f"serial:{port}"), memory)) as listener:
            await until(lambda: len(listener.frames) >= 3)
    assert set(listener.frames) == {telegram}
    assert listener.source.line == line
    assert memory.recall(str(port)) == speed


async def test_remembered_speed_is_tried_first(tmp_path: Path, memory: LineMemory) -> None:
    """The next start does not search again."""
    port = tmp_path / "ttyTEST"
    memory.remember(str(port), 9600)
    with MeterAtPort(port, WITHOUT_CRC, speed=9600, seven_bit=True) as meter:
        async with Listener(SerialSource(parse_url(f"serial:{port}"), memory)) as listener:
            await until(lambda: listener.frames)
            assert meter.sent - len(listener.frames) <= 1


async def test_unplugged_port_is_read_again_when_it_is_back(tmp_path: Path, memory: LineMemory) -> None:
    """The device may vanish and come back under its name: reading goes on, and each is said in a sentence."""
    port = tmp_path / "ttyTEST"
    meter = MeterAtPort(port, WITH_CRC, speed=115_200)
    async with Listener(SerialSource(parse_url(f"serial:{port}"), memory)) as listener:
        await until(lambda: listener.sentences)
        assert str(listener.sentences[0]).startswith(f"there is no {port}: plug the cable in")
        for _ in range(2):
            meter.plug()
            listener.frames.clear()
            await until(lambda: listener.frames)
            assert listener.sentences[-1] is None
            listener.sentences.clear()
            meter.unplug()
            await until(lambda: listener.sentences)
    assert set(listener.frames) == {WITH_CRC}


async def test_port_in_use_is_said(tmp_path: Path, memory: LineMemory) -> None:
    """Two programs cannot read one port: the second says so and waits."""
    port = tmp_path / "ttyTEST"
    with MeterAtPort(port, WITH_CRC, speed=115_200):
        async with Listener(SerialSource(parse_url(f"serial:{port}"), memory)) as first:
            await until(lambda: first.frames)
            async with Listener(SerialSource(parse_url(f"serial:{port}"), memory)) as second:
                await until(lambda: second.sentences)
                assert "is in use by another program" in str(second.sentences[0])
                assert second.frames == []


def test_forbidden_port_is_said() -> None:
    """Without permission, the sentence names the group and the command."""
    sentence = port_trouble("/dev/ttyUSB0", PermissionError(13, "Permission denied"))
    assert sentence.startswith("/dev/ttyUSB0 may not be opened: add the user")
    assert "usermod -aG dialout" in sentence


def test_wrong_mode_is_refused(memory: LineMemory) -> None:
    """Only 8N1 and 7E1 are line settings of P1."""
    with pytest.raises(SourceError, match="mode=8E2 is unknown"):
        SerialSource(parse_url("serial:///dev/ttyUSB0?mode=8E2"), memory)


def test_damaged_memory_is_ignored(tmp_path: Path) -> None:
    """A memory that cannot be read or written only costs the search."""
    (tmp_path / "lines.json").write_text("{]")
    memory = LineMemory(tmp_path / "lines.json")
    assert memory.recall("/dev/ttyUSB0") is None
    LineMemory(tmp_path / "lines.json" / "below" / "a file").remember("/dev/ttyUSB0", 9600)


def test_search_returns_when_only_noise_comes() -> None:
    """A setting once found is left again after half a minute of nothing but noise, and silence changes nothing."""
    search = LineSearch()
    search.begin(0)
    assert search.hear(WITH_CRC, 1)
    assert search.line == "115200 8N1"
    search.hear(b"\xff\x00\xfe" * 100, 5)
    assert not search.wrong(6)
    assert search.wrong(1 + LOST_AFTER_S + 1)
    quiet = LineSearch()
    quiet.begin(0)
    quiet.hear(WITH_CRC, 1)
    assert not quiet.wrong(1000)


def test_silence_moves_the_search_on_after_one_telegram_interval() -> None:
    """While nothing is found, each speed gets long enough for a meter that sends every ten seconds."""
    search = LineSearch()
    search.begin(0)
    assert not search.wrong(LISTEN_S - 0.1)
    assert search.wrong(LISTEN_S + 0.1)
    search.next(LISTEN_S + 0.1)
    assert search.speed == 9600
    assert search.hear(with_parity(WITHOUT_CRC), LISTEN_S + 5)
    assert search.line == "9600 7E1"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(5, "Input/output error"), "is gone: was it unplugged?"),
        (serial.SerialException("device reports readiness to read but returned no data"), "is gone: was it unplugged?"),
        (ValueError("Invalid baud rate: 7"), "cannot be read (Invalid baud rate: 7)"),
        (OSError(16, "Device or resource busy"), "is in use by another program"),
    ],
)
def test_each_trouble_has_its_sentence(error: Exception, words: str) -> None:
    """What the system reports becomes one sentence with what to do."""
    sentence = port_trouble("/dev/ttyUSB0", error)
    assert words in sentence
    assert "\n" not in sentence
