"""The gateway's core on real MicroPython, with a real broker and a pseudo-terminal as the port."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from meterkast_reader.crc import seal
from meterkast_reader.simulator import DIALECTS, simulate

from tests.brokers import Broker, Mosquitto
from tests.firmware.core_device import Device, Line, Listener, until
from tests.parser.test_decryption import ciphered

STARTS = datetime(2026, 1, 15, 12, tzinfo=UTC)
FRAGMENT = 512
"""So much of the heap may lie in pieces that a collection happens not to give back."""


def telegrams(dialect: str, times: int, step_s: int = 10) -> list[bytes]:
    """Telegrams of a simulated house, as far as their closing line: what follows it is not theirs."""
    found = (sent for _, sent in simulate(dialect, 3, STARTS, timedelta(seconds=step_s), times))
    return [sent[: sent.index(b"\n", sent.index(b"\n!") + 1) + 1] for sent in found]


def long_telegram(size: int, mark: int = 0) -> bytes:
    """A telegram of exactly that many bytes."""
    head = b"/MKT5\\2LONG-%03d\r\n\r\n0-0:96.13.0(" % mark
    fill = size - len(head) - len(b")\r\n!ABCD\r\n")
    return seal(head + b"3" * fill + b")\r\n!")


def _said(listener: Listener, telegrams: int) -> dict[str, int]:
    """What the gateway counts once it has read so many."""
    known = len(listener.devices)
    listener.order("identify")
    until(lambda: any(said["counters"]["telegrams"] == telegrams for said in listener.devices[known:]))
    found: dict[str, int] = listener.device["counters"]
    return found


@pytest.fixture
def listener(mosquitto: Broker) -> Iterator[Listener]:
    """Give who listens at the broker."""
    found = Listener(mosquitto.port)
    yield found
    found.close()


def hand_over(line: Line, listener: Listener, sent: list[bytes], *, ahead: int = 0) -> None:
    """Send telegrams as fast as they are published."""
    known = len(listener.telegrams)
    for number, telegram in enumerate(sent, known):
        until(partial(listener.has, number - ahead), what=lambda: listener.device)
        line.send(telegram)
    until(lambda: len(listener.telegrams) - known >= len(sent), what=lambda: (len(listener.telegrams), listener.device))


def test_soak_hours_arrive_untouched(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """Two hours of telegrams, or FIRMWARE_SOAK_HOURS, arrive byte by byte and in order; nothing is lost, or grows."""
    device.configure(mosquitto.port)
    hours = int(os.environ.get("FIRMWARE_SOAK_HOURS") or 2)
    sent = telegrams("nl-dsmr5", 360 * hours)
    with device:
        until(lambda: listener.device)
        hand_over(device.line, listener, sent[:100])
        early = _said(listener, 100)
        hand_over(device.line, listener, sent[100:])
        counters = _said(listener, len(sent))
    assert listener.telegrams == sent
    free = [said["free_heap_bytes"] for said in (early, counters)]
    print(f"{hours} h, {len(sent)} telegrams; free heap after 100 and after all: {free[0]}, {free[1]} bytes")  # noqa: T201
    assert free[1] >= free[0] - FRAGMENT
    assert [counters[name] for name in ("crc_errors", "damaged", "too_long", "dropped")] == [0, 0, 0, 0]
    assert listener.device["line"] == "115200 8N1"


def test_every_dialect_arrives(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """Telegrams of all dialects, with and without CRC, arrive whole; those without CRC come first."""
    device.configure(mosquitto.port)
    in_order = sorted(DIALECTS, key=lambda name: DIALECTS[name].crc)
    sent = [telegram for name in in_order for telegram in telegrams(name, 3)]
    with device:
        until(lambda: listener.device)
        hand_over(device.line, listener, sent)
    assert listener.telegrams == sent
    assert len(in_order) == 17


def test_a_ciphered_port(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """What Luxembourg's ports send arrives byte by byte, and the setting of the line is found by it."""
    device.configure(mosquitto.port)
    sent = [ciphered(telegram) for telegram in telegrams("lu-smarty", 3)]
    with device:
        until(lambda: listener.device)
        hand_over(device.line, listener, sent)
        until(lambda: listener.device.get("line") == "115200 8N1")
    assert listener.telegrams == sent


def test_sizes_and_damage(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """From 100 bytes to 3 KB everything whole arrives; garbage, cuts and damage between spoil none of it."""
    device.configure(mosquitto.port)
    whole = [long_telegram(size, number) for number, size in enumerate((100, 333, 1000, 2000, 3000, 3072))]
    damaged = whole[1].replace(b"3333(", b"3334(").replace(b"333333", b"333433", 1)
    between = [b"\xff\x00\n/gar/bage (\r\n" * 9, damaged, whole[2][:500], b"/AB", whole[3][:-7], long_telegram(3073)]
    with device:
        until(lambda: listener.device)
        for number, telegram in enumerate(whole):
            device.line.send(between[number])
            hand_over(device.line, listener, [telegram])
        counters = _said(listener, len(whole))
    assert listener.telegrams == whole
    assert (counters["crc_errors"], counters["damaged"], counters["too_long"]) == (1, 2, 1)


def test_real_pace_and_old_speed(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """A meter of 9600 7E1 is found by listening and its telegrams arrive at their real pace."""
    device.configure(mosquitto.port)
    sent = telegrams("nl-dsmr22", 2)
    with device:
        until(lambda: listener.device)
        while device.line.heard_at != 9600:
            device.line.send(b"\xff\x00\xe0\x80" * 20)
            until(lambda: device.line.heard_at == 9600, within_s=2)
        for telegram in sent:
            device.line.send(telegram, baud=9600)
        until(lambda: len(listener.telegrams) == 2)
        until(lambda: listener.device.get("line") == "9600 7E1")
    assert listener.telegrams == sent


def test_thinning(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """With `thin` 5 the first of each five telegrams goes out."""
    device.configure(mosquitto.port, thin=5)
    sent = telegrams("nl-dsmr5", 20)
    with device:
        until(lambda: listener.device)
        for telegram in sent:
            device.line.send(telegram)
        until(lambda: len(listener.telegrams) == 4)
    assert listener.telegrams == sent[::5]


def test_pins(device: Device, mosquitto: Broker, listener: Listener) -> None:
    """The LED flashes slowly thrice at the start, then five times fast on WiFi, on the pin of the settings."""
    device.configure(mosquitto.port, led=2)
    record = device.flash / "pins"
    device.variables["FIRMWARE_PINS"] = "/pins"
    with device:
        until(lambda: record.exists() and len(record.read_text().splitlines()) >= 11)
        until(lambda: listener.statuses == ["online"])
    assert {line.split()[1] for line in record.read_text().splitlines()} == {"2"}


def test_login_and_rights(device: Device, tmp_path: object) -> None:
    """User and password reach the broker; without them it says why there is no session, and tries on."""
    from pathlib import Path  # noqa: PLC0415

    from tests.brokers import BrokerOptions  # noqa: PLC0415

    broker = Mosquitto(Path(str(tmp_path)) / "login", BrokerOptions(username="esp", password="se cret"))
    with broker:
        device.configure(broker.port, broker={"user": "esp", "password": "se cret"})
        listener = Listener(broker.port, user="esp", password="se cret")
        with device:
            until(lambda: listener.statuses == ["online"])
        until(lambda: listener.statuses == ["online", "offline"])
        listener.close()
