"""The parser service on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from meterkast_contracts.messages import Event, EventKind, Reading, Rejected, RejectReason
from meterkast_contracts.topics import Topics
from meterkast_parser.__main__ import build_parser
from meterkast_parser.settings import ParserSection, ParserSettings
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import Message, MqttSession, MqttSettings

from tests.brokers import Broker
from tests.parser.telegrams import DSMR_5, OLD, telegram, with_crc

TOPICS = Topics()
GIVE_UP_S = 15.0


class Listener:
    """Everything that came on the gateway's topics."""

    def __init__(self, session: MqttSession) -> None:
        self.session = session
        self.messages: list[Message] = []
        self._changed = asyncio.Event()

    async def listen(self) -> None:
        async for message in self.session.messages():
            message.ack()
            self.messages.append(message)
            self._changed.set()

    async def wait(self, found: Callable[[list[Message]], bool]) -> None:
        async with asyncio.timeout(GIVE_UP_S):
            while not found(self.messages):
                self._changed.clear()
                await self._changed.wait()

    def on(self, topic: str) -> list[bytes]:
        return [message.payload for message in self.messages if message.topic == topic]


@contextlib.asynccontextmanager
async def parser_on(broker: Broker, section: ParserSection | None = None) -> AsyncIterator[None]:
    settings = ParserSettings(mqtt=MqttSettings(host=broker.host, port=broker.port), parser=section or ParserSection())
    ready = asyncio.Event()
    task = asyncio.create_task(build_parser(settings, Health("parser")).run(ready.set))
    async with asyncio.timeout(GIVE_UP_S):
        await ready.wait()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextlib.asynccontextmanager
async def listener_on(broker: Broker) -> AsyncIterator[Listener]:
    settings = MqttSettings(host=broker.host, port=broker.port)
    async with MqttSession(settings, client_id="listener", subscriptions=["dsmr/#"], persistent=False) as session:
        await session.wait_connected()
        listener = Listener(session)
        task = asyncio.create_task(listener.listen())
        yield listener
        task.cancel()
        await asyncio.wait([task])


def now_in(raw: bytes) -> bytes:
    """Return the telegram with a clock that is right today."""
    stamp = datetime.now(UTC).strftime("%y%m%d%H%M%S").encode() + b"W"
    return with_crc(raw.replace(b"261123123456W", stamp))


async def test_telegram_becomes_reading_and_values(broker: Broker) -> None:
    """A telegram gives a retained reading, and each value under its code and under its name."""
    async with parser_on(broker), listener_on(broker) as listener:
        await listener.session.publish(TOPICS.telegram("home"), now_in(DSMR_5))
        await listener.wait(lambda _: bool(listener.on(TOPICS.reading("home"))))
        reading = Reading.from_json(listener.on(TOPICS.reading("home"))[0])
        assert reading.values["energy_import_t1_kwh"] == Decimal("1234.567")
        assert listener.on(TOPICS.obis("home", "1-0:1.7.0")) == [b"1.234"]
        assert listener.on(TOPICS.value("home", "power_import_w")) == [b"1234"]
        assert listener.on(TOPICS.value("home", "gas_m3")) == [b"1234.567"]
        assert listener.on(TOPICS.value("home", "meter_id")) == [b"MKT00000000001"]
        (measured_at,) = listener.on(TOPICS.value("home", "measured_at"))
        assert datetime.fromisoformat(measured_at.decode()) == reading.measured_at


async def test_values_are_published_when_they_change(mosquitto: Broker) -> None:
    """A value that stays the same is not published again."""
    async with parser_on(mosquitto), listener_on(mosquitto) as listener:
        first = now_in(DSMR_5)
        await listener.session.publish(TOPICS.telegram("home"), first)
        await listener.session.publish(
            TOPICS.telegram("home"), with_crc(first.replace(b"1.7.0(01.234", b"1.7.0(01.235"))
        )
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == 2)
        assert listener.on(TOPICS.value("home", "power_import_w")) == [b"1234", b"1235"]
        assert listener.on(TOPICS.value("home", "tariff")) == [b"2"]


async def test_bad_telegram_is_rejected_and_the_next_is_read(mosquitto: Broker) -> None:
    """A damaged telegram goes to `rejected` with its reason and spoils nothing else."""
    async with parser_on(mosquitto), listener_on(mosquitto) as listener:
        await listener.session.publish(TOPICS.telegram("home"), DSMR_5.replace(b"01.234", b"01.934"))
        await listener.session.publish(TOPICS.telegram("home"), now_in(DSMR_5))
        await listener.wait(lambda _: bool(listener.on(TOPICS.reading("home"))))
        rejected = Rejected.from_json(listener.on(TOPICS.rejected("home"))[0])
        assert (rejected.reason, rejected.count) == (RejectReason.CRC, 1)


async def test_late_telegram_does_not_replace_the_newest(mosquitto: Broker) -> None:
    """A telegram sent late becomes a reading at its own time; the retained reading stays the newest."""
    async with parser_on(mosquitto), listener_on(mosquitto) as listener:
        await listener.session.publish(TOPICS.telegram("home"), now_in(DSMR_5))
        late = 1_700_000_000_000
        await listener.session.publish(TOPICS.late_telegram("home", late), OLD)
        await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == 2)
        reading = Reading.from_json(listener.on(TOPICS.reading("home"))[1])
        assert reading.measured_at == reading.received_at == datetime.fromtimestamp(late / 1000, UTC)
    async with listener_on(mosquitto) as listener:
        await listener.wait(lambda _: bool(listener.on(TOPICS.reading("home"))))
        retained = Reading.from_json(listener.on(TOPICS.reading("home"))[0])
        assert retained.identification == "MKT5\\2SYNTHETIC"


async def test_meter_replaced_while_the_parser_was_away(mosquitto: Broker) -> None:
    """What changed between two runs of the parser is an event all the same."""
    async with listener_on(mosquitto) as listener:
        async with parser_on(mosquitto):
            await listener.session.publish(TOPICS.telegram("home"), now_in(DSMR_5))
            await listener.wait(lambda _: bool(listener.on(TOPICS.reading("home"))))
        other = telegram("MKT5\\2OTHER", "0-0:96.1.1(4D4B543030303030303030303039)", "1-0:1.8.1(000000.001*kWh)")
        async with parser_on(mosquitto):
            await listener.session.publish(TOPICS.telegram("home"), other)
            await listener.wait(lambda _: bool(listener.on(TOPICS.event("home"))))
        event = Event.from_json(listener.on(TOPICS.event("home"))[0])
        assert event.kind is EventKind.METER_REPLACED


async def test_telegrams_wait_for_a_parser_that_is_away(broker: Broker) -> None:
    """Telegrams sent while the parser is down become readings when it is back."""
    async with parser_on(broker):
        pass
    async with listener_on(broker) as listener:
        for _ in range(20):
            await listener.session.publish(TOPICS.telegram("home"), OLD)
        async with parser_on(broker):
            await listener.wait(lambda _: len(listener.on(TOPICS.reading("home"))) == 20)
        times = {Reading.from_json(payload).measured_at for payload in listener.on(TOPICS.reading("home"))}
        assert len(times) == 20


async def test_flood_of_bad_telegrams_is_held_back(mosquitto: Broker) -> None:
    """Of a flood of refused telegrams only the first are published, and the next readings still come."""
    async with parser_on(mosquitto), listener_on(mosquitto) as listener:
        for _ in range(200):
            listener.session.publish(TOPICS.telegram("home"), b"/MKT5\r\n\r\nnothing\r\n!0000\r\n")
        await listener.session.publish(TOPICS.telegram("home"), now_in(DSMR_5))
        await listener.wait(lambda _: bool(listener.on(TOPICS.reading("home"))))
        assert len(listener.on(TOPICS.rejected("home"))) == 10


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe\x00", b"/" * 100_000, b"\x00" * 1000, b"!\r\n"])
async def test_nonsense_is_refused_in_one_message(mosquitto: Broker, payload: bytes) -> None:
    """Bytes that are no telegram are refused, whatever they are."""
    async with parser_on(mosquitto), listener_on(mosquitto) as listener:
        await listener.session.publish(TOPICS.telegram("home"), payload)
        await listener.wait(lambda _: bool(listener.on(TOPICS.rejected("home"))))
        assert Rejected.from_json(listener.on(TOPICS.rejected("home"))[0]).length == len(payload)
