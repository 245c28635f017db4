"""The pure parts of the gateway's core on CPython, with pieces and sequences of every kind."""

import importlib
import json
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from meterkast_reader.crc import crc as reference

from tests.firmware.core_device import APP
from tests.firmware.test_core import long_telegram, telegrams
from tests.parser.test_decryption import ciphered

HOST = Path(__file__).parent / "host"
PURE = ("telegrams", "ring", "settings", "micropython", "machine")


@pytest.fixture
def pure() -> Iterator[dict[str, Any]]:
    """Give the modules by name, and take them away again."""
    sys.path[:0] = [str(HOST), str(APP)]
    try:
        yield {name: importlib.import_module(name) for name in PURE}
    finally:
        del sys.path[:2]
        for name in PURE:
            sys.modules.pop(name, None)


def framed(framer: Any, data: bytes, random: Random) -> list[bytes]:
    """Telegrams that the framer finds in data that comes in pieces of any size."""
    found = []
    while data:
        room = framer.room()
        count = min(random.randint(1, 64), len(room), len(data))
        room[:count] = data[:count]
        framer.took(count)
        data = data[count:]
        while length := framer.find():
            found.append(bytes(framer.buffer[:length]))
            framer.drop()
    return found


@pytest.mark.parametrize("seed", range(20))
def test_damage_between_spoils_nothing(pure: dict[str, Any], seed: int) -> None:
    """However the bytes come, every whole telegram is found, whatever stands before it."""
    random = Random(seed)
    framer = pure["telegrams"].Framer()
    whole = [*telegrams("nl-dsmr5", 4), *telegrams("be-emucs", 2), *(long_telegram(n) for n in (100, 3000, 3072))]
    random.shuffle(whole)
    data = b""
    for telegram in whole:
        cut = telegram[: random.randrange(1, len(telegram) - 8)]
        wrong = bytearray(telegram)
        wrong[telegram.index(b"(") + 1] ^= 1
        data += random.choice(
            (b"", random.randbytes(random.randrange(5000)) + b"\n", cut, bytes(wrong), long_telegram(4000))
        )
        data += telegram
    assert framed(framer, data, random) == whole


@pytest.mark.parametrize("seed", range(10))
def test_ciphered_frames(pure: dict[str, Any], seed: int) -> None:
    """A frame that says its length is whole when that many bytes have come, whatever stands before it or in it."""
    random = Random(seed)
    framer = pure["telegrams"].Framer()
    whole = [ciphered(telegram) for telegram in telegrams("nl-dsmr5", 3)]
    whole += [ciphered(random.randbytes(size)) for size in (128, 239, 240, 3042)] + telegrams("nl-dsmr5", 1)
    random.shuffle(whole)
    data = b""
    for telegram in whole:
        data += random.choice((b"", random.randbytes(random.randrange(2000)) + b"\n", whole[0][:9])) + telegram
    assert framed(framer, data, random) == whole


def test_a_ciphered_frame_that_lost_bytes_does_not_spoil_the_next(pure: dict[str, Any]) -> None:
    """When the line goes quiet, what has come of it is given up."""
    random = Random(1)
    framer = pure["telegrams"].Framer()
    frame = ciphered(telegrams("nl-dsmr5", 1)[0])
    assert framed(framer, frame[:-5], random) == []
    assert framer.open
    assert framer.find_idle() == 0
    assert framed(framer, frame, random) == [frame]
    assert framer.damaged == 1


def test_crc(pure: dict[str, Any]) -> None:
    """CRC-16/ARC as the reader computes it."""
    data = Random(1).randbytes(3072)
    assert pure["telegrams"].crc(data, 2000) == reference(data[:2000])


@pytest.mark.parametrize("seed", range(10))
def test_ring_is_a_queue(pure: dict[str, Any], seed: int) -> None:
    """It gives back in order what it holds, and drops only from the oldest on."""
    random = Random(seed)
    ring = pure["ring"].Ring(4000)
    model: deque[bytes] = deque()
    for _ in range(2000):
        if random.random() < 0.6:
            data = random.randbytes(random.randrange(1, 1500))
            dropped = ring.dropped
            assert ring.put(data)
            for _ in range(ring.dropped - dropped):
                model.popleft()
            model.append(data)
        elif model:
            assert bytes(ring.first()) == model.popleft()
            ring.pop()
        assert ring.waiting == len(model)
        assert not model or bytes(ring.first()) == model[0]


def test_ring_keeps_what_is_on_its_way(pure: dict[str, Any]) -> None:
    """While the oldest is being sent those behind it make room, and the newest only where nothing else can."""
    ring = pure["ring"].Ring(200)
    for letter in (b"a", b"b", b"c"):
        ring.put(letter * 60)
    ring.held = True
    on_its_way = ring.first()
    assert ring.put(b"d" * 100)
    assert not ring.put(b"e" * 150)
    assert (bytes(on_its_way), ring.waiting, ring.dropped) == (b"a" * 60, 1, 4)
    assert ring.put(b"f" * 130)
    ring.pop()
    assert bytes(ring.first()) == b"f" * 130


@pytest.mark.parametrize(
    ("config", "wrong"),
    [
        ({"gateway": "shed-2", "thin": 10, "led": None, "broker": {"host": "10.0.0.2", "port": 1883}}, None),
        ({"gateway": "-x"}, "gateway"),
        ({"thin": True}, "thin"),
        ({"prefix": "a/#"}, "prefix"),
        ({"broker": {"host": "a..b"}}, "broker"),
        ({"broker": {"host": "a", "port": 70_000}}, "broker"),
        ({"static": {"address": "1.2.3.4", "netmask": "255.0.0.0", "gateway": "1.2.3.256"}}, "static"),
        ({"wifi": {"ssid": ""}}, "wifi"),
        ({"portal_after": 0, "portal_password": "12345678"}, None),
        ({"portal_after": 1441}, "portal_after"),
        ({"portal_password": "short"}, "portal_password"),
    ],
)
def test_settings(
    pure: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: dict[str, object], wrong: str | None
) -> None:
    """Each setting is checked, and what is wrong is as if it were absent."""
    monkeypatch.chdir(tmp_path)
    Path("config.json").write_text(json.dumps(config))
    loaded = pure["settings"].load()
    assert [name for name in config if repr(loaded.get(name)) != repr(config[name])] == ([wrong] if wrong else [])
