"""The gateway's core and brokers that fail in every way: nothing is lost that the ring could hold."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.brokers import BrokerOptions, Mosquitto, free_port
from tests.firmware.core_device import Device, Listener, until
from tests.firmware.names import Names
from tests.firmware.test_core import telegrams

HOME = [{"ssid": "home", "rssi": -60}]
OUTAGES: dict[str, Callable[[Mosquitto], None]] = {"stopped": Mosquitto.stop, "killed": Mosquitto.kill}


@contextmanager
def fake_broker(port: int, answer: Callable[[socket.socket], None]) -> Iterator[list[int]]:
    """Listen where the broker was, and treat each connection badly; gives how many there were."""
    seen: list[int] = []
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", port)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def serve() -> None:
            while not stop.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                seen.append(len(seen))
                held.append(connection)
                with suppress(OSError):
                    answer(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        yield seen
        stop.set()
        thread.join()
    for connection in held:
        connection.close()


def once(listener: Listener) -> list[bytes]:
    """What came, each telegram once."""
    return list(dict.fromkeys(listener.telegrams))


@contextmanager
def unplugged(device: Device) -> Iterator[None]:
    """Without a network, until whoever listens at the broker is there."""
    device.breathe(networks=[])
    yield
    device.breathe(networks=HOME)


def silent(_connection: socket.socket) -> None:
    """Says nothing, ever."""


def closing(connection: socket.socket) -> None:
    """Hangs up at once."""
    connection.close()


def half(connection: socket.socket) -> None:
    """Hangs up within its first packet."""
    connection.recv(1000)
    connection.sendall(b"\x20\x02")
    connection.close()


def refusing(connection: socket.socket) -> None:
    """Refuses the login."""
    connection.recv(1000)
    connection.sendall(b"\x20\x02\x00\x05")


def nonsense(connection: socket.socket) -> None:
    """Is a web server."""
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


def deaf(connection: socket.socket) -> None:
    """Accepts the session, then takes nothing more."""
    connection.recv(1000)
    connection.sendall(b"\x20\x02\x00\x00")
    connection.recv(1000)
    connection.sendall(b"\x90\x03\xff\xff\x01")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.mark.parametrize("outage", OUTAGES)
def test_broker_away_for_a_while(device: Device, mosquitto: Mosquitto, outage: str) -> None:
    """What comes while the broker is away is sent when it is back, in order, a telegram perhaps twice."""
    device.configure(mosquitto.port)
    sent = telegrams("nl-dsmr5", 5)
    first = Listener(mosquitto.port)
    with device:
        until(lambda: first.device)
        device.line.send(sent[0])
        until(lambda: first.telegrams == sent[:1])
        first.subscribed.clear()
        OUTAGES[outage](mosquitto)
        for telegram in sent[1:4]:
            device.line.send(telegram)
        with unplugged(device):
            mosquitto.start()
            assert first.subscribed.wait(20)
        until(lambda: len(once(first)) >= 4, what=lambda: (len(first.telegrams), first.device, device.log))
        device.line.send(sent[4])
        until(lambda: len(once(first)) >= 5)
        until(lambda: first.device["counters"]["reconnects"] == 1)
    assert once(first) == sent
    first.close()


@pytest.mark.parametrize("behaviour", [closing, half, refusing, nonsense, deaf])
def test_bad_broker(device: Device, tmp_path: Path, behaviour: Callable[[socket.socket], None]) -> None:
    """A broker that misbehaves is tried again and again, and costs no telegram."""
    broker = Mosquitto(tmp_path / "broker")
    device.configure(broker.port)
    device.hurry()
    sent = telegrams("nl-dsmr5", 2)
    with fake_broker(broker.port, behaviour) as seen, device:
        for telegram in sent:
            device.line.send(telegram)
        until(lambda: len(seen) >= 2)
        seen_all = seen
    assert len(seen_all) >= 2
    device.start()
    with broker:
        listener = Listener(broker.port)
        until(lambda: listener.device)
        for telegram in sent:
            device.line.send(telegram)
        until(lambda: len(listener.telegrams) >= 2, what=lambda: device.log)
        assert listener.telegrams == sent
        listener.close()
    device.stop()


def test_wrong_login_then_right(device: Device, tmp_path: Path) -> None:
    """With a wrong password nothing goes out; the telegrams that came meanwhile go when the broker takes it."""
    port = free_port()
    broker = Mosquitto(tmp_path / "broker", BrokerOptions(username="esp", password="right"))
    broker.port = port
    device.configure(port, broker={"user": "esp", "password": "wrong"})
    sent = telegrams("nl-dsmr5", 2)
    with broker, device:
        for telegram in sent:
            device.line.send(telegram)
        until(lambda: "not authorised" in broker.log)
        broker.stop()
        broker.options = BrokerOptions(username="esp", password="wrong")
        with unplugged(device):
            broker.start()
            listener = Listener(port, user="esp", password="wrong")
        until(lambda: len(listener.telegrams) >= 2)
        assert listener.telegrams == sent
        listener.close()


def test_full_ring_drops_the_oldest(device: Device, tmp_path: Path) -> None:
    """What no memory can hold is dropped from the oldest on, and counted."""
    broker = Mosquitto(tmp_path / "broker")
    device.configure(broker.port)
    sent = telegrams("nl-dsmr5", 40)
    device.breathe(networks=[])
    with device:
        for telegram in sent:
            device.line.send(telegram)
        with broker:
            listener = Listener(broker.port)
            device.breathe(networks=HOME)
            until(lambda: listener.device)
            until(lambda: listener.device["counters"]["telegrams"] == 40)
            counters = listener.device["counters"]
            until(lambda: len(listener.telegrams) + counters["dropped"] == 40, what=lambda: counters)
            assert listener.telegrams == sent[counters["dropped"] :]
            assert counters["dropped"] > 0
            listener.close()


def test_names_fail_and_come(device: Device, tmp_path: Path) -> None:
    """While DNS is silent, then knows no such name, telegrams are read on; they go when the name has an address."""
    names = Names()
    broker = Mosquitto(tmp_path / "broker")
    device.hurry()
    device.configure(broker.port, broker={"host": "broker.home.arpa"})
    device.air["dns"] = f"127.0.0.1:{names.port}"
    sent = telegrams("nl-dsmr5", 3)
    try:
        with broker, device:
            listener = Listener(broker.port)
            device.line.send(sent[0])
            until(lambda: names.asked >= 2)
            device.line.send(sent[1])
            names.silent = False
            until(lambda: names.asked >= 3)
            names.address = "127.0.0.1"
            device.line.send(sent[2])
            until(lambda: len(listener.telegrams) >= 3, what=lambda: (names.asked, device.log))
            assert listener.telegrams == sent
            listener.close()
    finally:
        names.close()


def test_network_lost(device: Device, mosquitto: Mosquitto) -> None:
    """A lost network ends the session at once; what came meanwhile goes when it is back."""
    device.configure(mosquitto.port)
    sent = telegrams("nl-dsmr5", 3)
    listener = Listener(mosquitto.port)
    with device:
        until(lambda: listener.statuses == ["online"])
        device.breathe(networks=[])
        until(lambda: "offline" in listener.statuses)
        for telegram in sent:
            device.line.send(telegram)
        device.breathe(networks=HOME)
        until(lambda: len(listener.telegrams) >= 3)
        assert listener.telegrams == sent
    listener.close()
