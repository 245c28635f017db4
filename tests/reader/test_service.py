import asyncio
import signal
from functools import partial
from pathlib import Path

import pytest
from meterkast_contracts.topics import Topics
from meterkast_reader.gateway import VERSION
from meterkast_runtime.errors import SettingsError
from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker, BrokerOptions, Mosquitto
from tests.reader.pipeline import Bridge, Ear, ReaderProcess, connected, reader_settings, reading, telegram
from tests.reader.serial_line import MeterAtPort
from tests.reader.telegrams import CIPHERED, HIGH_BYTES, WITH_CRC, WITHOUT_CRC
from tests.reader.waiting import until


async def test_telegrams_reach_the_broker_byte_for_byte(broker: Broker, tmp_path: Path) -> None:
    """Whatever a telegram holds, its bytes arrive as they were on the wire, also when its checksum is wrong."""
    damaged = WITH_CRC.replace(b"424", b"425")
    sent = [WITH_CRC, HIGH_BYTES, damaged, WITHOUT_CRC, CIPHERED]
    async with Ear(broker) as ear, Bridge() as bridge, reading(reader_settings(broker, tmp_path, source=bridge.url)):
        await until(lambda: bridge.connected and ear.on("dsmr/home/status"))
        bridge.send(b"cut(\r\n" + b"".join(sent))
        await until(lambda: len(ear.telegrams) == len(sent))
        assert ear.on("dsmr/home/telegram") == sent
        await until(lambda: ear.device().counters.get("telegrams"))
        device = ear.device()
        assert (device.source, device.version) == (bridge.url, VERSION)


async def test_counters_tell_good_from_bad(mosquitto: Broker, tmp_path: Path) -> None:
    """Telegrams, checksum errors and discarded bytes are counted in the device's own words."""
    async with Ear(mosquitto) as ear, Bridge() as bridge:
        settings = reader_settings(mosquitto, tmp_path, source=bridge.url, gateway="shed")
        async with reading(settings):
            await until(lambda: bridge.connected and ear.on("dsmr/shed/status"))
            bridge.send(b"noise(\r\n" + WITH_CRC[:50] + WITH_CRC.replace(b"424", b"425") + WITH_CRC)
            await until(lambda: len(ear.telegrams) == 2)
            await command(mosquitto, "shed", "identify")
            await until(lambda: ear.device("shed").counters.get("published") == 2)
        counters = ear.device("shed").counters
    assert counters["telegrams"] == 2
    assert counters["crc_errors"] == 1
    assert counters["truncated_telegrams"] == 1
    assert counters["discarded_bytes"] == len(b"noise(\r\n") + 50


async def command(broker: Broker, gateway: str, name: str) -> None:
    """Send a gateway an order."""
    session = MqttSession(MqttSettings(host=broker.host, port=broker.port), client_id="orders", persistent=False)
    async with session:
        await session.wait_connected()
        await session.publish(Topics().command(gateway, name), b"")


async def test_a_gateway_that_was_forgotten_tells_of_itself_again(mosquitto: Broker, tmp_path: Path) -> None:
    """When somebody clears what it says of itself, it says that it is there, and what it is and takes."""
    async with (
        Ear(mosquitto) as ear,
        Bridge() as bridge,
        reading(reader_settings(mosquitto, tmp_path, source=bridge.url)),
    ):
        await until(lambda: ear.on("dsmr/home/device") and ear.on("dsmr/home/status"))
        settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
        async with MqttSession(settings, client_id="parser", persistent=False) as parser:
            await parser.wait_connected()
            await parser.publish("dsmr/home/status", b"", retain=True)
            await parser.publish("dsmr/home/device", b"", retain=True)
        await until(lambda: ear.on("dsmr/home/device")[-1] and ear.on("dsmr/home/status")[-1] == b"online")
        assert ear.device().commands == ("restart", "identify")


async def test_status_says_online_and_offline(mosquitto: Broker, tmp_path: Path) -> None:
    """Status is online while it runs, offline after an orderly stop, and offline by the last will after a kill."""
    async with Ear(mosquitto) as ear:
        async with reading(reader_settings(mosquitto, tmp_path, source="simulator")):
            await until(lambda: ear.on("dsmr/home/status") == [b"online"])
        await until(lambda: ear.on("dsmr/home/status") == [b"online", b"offline"])
        process = ReaderProcess(mosquitto, tmp_path, "simulator")
        await process.start()
        await until(lambda: ear.on("dsmr/home/status")[2:] == [b"online"])
        await process.end(signal.SIGKILL)
        await until(lambda: ear.on("dsmr/home/status")[3:] == [b"offline"])


async def test_restart_command_opens_the_source_anew(mosquitto: Broker, tmp_path: Path) -> None:
    """The command restart makes a new connection to a source, even to one that is silent."""
    async with (
        Ear(mosquitto) as ear,
        Bridge() as bridge,
        reading(reader_settings(mosquitto, tmp_path, source=bridge.url)),
    ):
        await until(lambda: bridge.connected and ear.on("dsmr/home/status"))
        (before,) = bridge.writers
        await command(mosquitto, "home", "dance")
        await command(mosquitto, "home", "restart")
        await until(lambda: bridge.connected and before not in bridge.writers)
        bridge.send(WITH_CRC)
        await until(lambda: ear.telegrams == [WITH_CRC])


async def test_several_ports_in_one_process(mosquitto: Broker, tmp_path: Path) -> None:
    """Each port is a gateway of its own: one at 115200 8N1, one at 9600 7E1, and two simulated."""
    new, old = tmp_path / "ttyNEW", tmp_path / "ttyOLD"
    settings = reader_settings(
        mosquitto,
        tmp_path,
        sources=[
            {"gateway": "new", "source": f"serial:{new}"},
            {"gateway": "old", "source": f"serial:{old}"},
            {"gateway": "sim", "source": "simulator:be-emucs?gateways=2"},
        ],
    )
    with MeterAtPort(new, WITH_CRC, speed=115_200), MeterAtPort(old, WITHOUT_CRC, speed=9600, seven_bit=True):
        async with Ear(mosquitto) as ear, reading(settings):
            for gateway in ("new", "old", "sim", "sim-2"):
                await until(partial(ear.on, f"dsmr/{gateway}/telegram"))
            await until(lambda: ear.device("new").line == "115200 8N1" and ear.device("old").line == "9600 7E1")
    assert set(ear.on("dsmr/new/telegram")) == {WITH_CRC}
    assert set(ear.on("dsmr/old/telegram")) == {WITHOUT_CRC}


async def test_two_gateways_of_one_name_are_refused(mosquitto: Broker, tmp_path: Path) -> None:
    """Gateways need names of their own."""
    ports = [{"gateway": "home", "source": "simulator"}, {"gateway": "home", "source": "/dev/ttyUSB0"}]
    with pytest.raises(SettingsError, match="two sources are named 'home'"):
        async with reading(reader_settings(mosquitto, tmp_path, sources=ports)) as health:
            await until(lambda: health.status == "ok", within_s=0.5)


async def test_trouble_with_a_source_is_health(mosquitto: Broker, tmp_path: Path) -> None:
    """A source that cannot be read makes the reader degraded, with the sentence; when it can, all is well again."""
    async with Bridge() as bridge:
        url = bridge.url
    async with reading(reader_settings(mosquitto, tmp_path, source=url)) as health:
        await until(lambda: "nothing listens at" in str(health.message().detail))
        assert health.status == "degraded"
        async with Bridge(int(url.rpartition(":")[2])) as bridge:
            await connected(bridge)
            bridge.send(WITH_CRC)
            await until(lambda: health.status == "ok")


async def test_full_disk_is_health_and_telegrams_go_on(mosquitto: Broker, tmp_path: Path) -> None:
    """Without a data folder to write to, telegrams are delivered all the same, and health says what to do."""
    (tmp_path / "spool").write_text("a file where the folder should be")
    async with (
        Ear(mosquitto) as ear,
        Bridge() as bridge,
        reading(reader_settings(mosquitto, tmp_path, source=bridge.url)) as health,
    ):
        await until(lambda: bridge.connected and ear.on("dsmr/home/status"))
        bridge.send(WITH_CRC)
        await until(lambda: ear.telegrams == [WITH_CRC])
        assert "wait in memory only" in str(health.message().detail)


async def test_broker_killed_under_load_loses_nothing(broker: Broker, tmp_path: Path) -> None:
    """The broker is killed, forgets everything and comes back: every telegram arrives, those it missed late."""
    async with Bridge() as bridge, reading(reader_settings(broker, tmp_path, source=bridge.url)):
        await connected(bridge)
        numbers = iter(range(10_000))

        async def flow(count: int) -> None:
            for _ in range(count):
                bridge.send(telegram(next(numbers)))
                await asyncio.sleep(0.002)

        await flow(100)
        broker.kill()
        broker.forget()
        await flow(100)
        await asyncio.to_thread(broker.start)
        async with Ear(broker) as ear:
            await flow(100)
            await until(lambda: {telegram(number) for number in range(300)} <= set(ear.telegrams))
            assert set(ear.late) >= {telegram(number) for number in range(20, 180)}


async def test_broker_that_goes_back_in_time_is_sent_the_window_again(tmp_path: Path) -> None:
    """A killed broker may know the reader's session and yet have lost what waited for others: it is sent again."""
    broker = Mosquitto(tmp_path / "broker", BrokerOptions(extra=("autosave_interval 1800",)))
    await asyncio.to_thread(broker.start)
    async with Bridge() as bridge, reading(reader_settings(broker, tmp_path, source=bridge.url)):
        await connected(bridge)
        async with Ear(broker) as ear:
            await until(lambda: ear.on("dsmr/home/device"))
        await asyncio.to_thread(broker.restart)
        async with Ear(broker, name="witness") as ear:
            await until(lambda: ear.on("dsmr/home/device"))
            for number in range(20):
                bridge.send(telegram(number))
            await until(lambda: len(ear.telegrams) == 20)
            await command(broker, "home", "identify")
            await until(lambda: ear.device().counters["published"] == 20)
        broker.kill()
        await asyncio.to_thread(broker.start)
        async with Ear(broker) as ear:
            await until(lambda: set(ear.telegrams) == {telegram(number) for number in range(20)})
            assert set(ear.late) == set(ear.telegrams)
    broker.stop()


async def test_reader_killed_under_load_loses_nothing_it_has_read(mosquitto: Broker, tmp_path: Path) -> None:
    """What a killed reader had read but not delivered is sent by the next, late and with its receive time."""
    mosquitto.stop()
    async with Bridge() as bridge:
        process = ReaderProcess(mosquitto, tmp_path, bridge.url)
        await process.start()
        await connected(bridge)
        for number in range(100):
            bridge.send(telegram(number))
        spool = tmp_path / "spool" / "home"
        await until(lambda: any(telegram(99) in file.read_bytes() for file in spool.glob("*.telegrams")))
        await process.end(signal.SIGKILL)
        await asyncio.to_thread(mosquitto.start)
        async with Ear(mosquitto) as ear:
            await process.start()
            await until(lambda: len(ear.late) >= 100)
            assert ear.late == [telegram(number) for number in range(100)]
            await connected(bridge)
            bridge.send(telegram(100))
            await until(lambda: ear.on("dsmr/home/telegram") == [telegram(100)])
            assert await process.end(signal.SIGTERM) == 0


async def test_replay_ends_when_all_of_it_is_delivered(mosquitto: Broker, tmp_path: Path) -> None:
    """As a command, a replay ends by itself once the broker has acknowledged the last telegram."""
    recording = tmp_path / "recording.log"
    recording.write_bytes(b"".join(telegram(number) for number in range(500)))
    async with Ear(mosquitto) as ear:
        process = ReaderProcess(mosquitto, tmp_path, f"replay:{recording}?speed=max")
        await process.start()
        assert await process.ended() == 0
        await until(lambda: ear.telegrams == [telegram(number) for number in range(500)])
