"""Listening to more and to less while a session runs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttSession

from tests.brokers import Broker
from tests.runtime.sessions import impostor, payloads, quick, settings_for, take, until

CONNECT = 0x10


@asynccontextmanager
async def _pair(broker: Broker, *, persistent: bool = False) -> AsyncIterator[tuple[MqttSession, MqttSession]]:
    """A receiver that listens to `always`, and a sender, both connected."""
    settings = settings_for(broker)
    async with (
        MqttSession(
            settings, client_id="receiver", subscriptions=["always"], persistent=persistent, backoff=quick()
        ) as receiver,
        MqttSession(settings, client_id="sender", backoff=quick()) as sender,
    ):
        await receiver.wait_connected()
        await sender.wait_connected()
        yield receiver, sender


async def _forgetful_restart(broker: Broker, *sessions: MqttSession) -> None:
    broker.kill()
    broker.forget()
    await until(lambda: not any(session.connected for session in sessions))
    broker.start()
    for session in sessions:
        await session.wait_connected()


async def test_a_topic_subscribed_to_while_running_gives_what_is_retained_and_what_comes(broker: Broker) -> None:
    """A later subscription brings the retained message of its topic, then the new ones."""
    async with _pair(broker) as (receiver, sender):
        await sender.publish("later/a", "kept", retain=True)
        assert await receiver.subscribe("later/a", "later/b", qos=0) == ()
        assert payloads(await take(receiver, 1)) == [b"kept"]
        await sender.publish("later/b", "new")
        assert payloads(await take(receiver, 1)) == [b"new"]


async def test_a_topic_subscribed_to_again_gives_the_retained_message_again(broker: Broker) -> None:
    """Who leaves and comes back to a topic hears what is retained there now."""
    async with _pair(broker) as (receiver, sender):
        await sender.publish("later/a", "kept", retain=True)
        await _retained(broker, "later/a")
        for _ in range(2):
            await receiver.subscribe("later/a", qos=0)
            assert payloads(await take(receiver, 1)) == [b"kept"]
            receiver.unsubscribe("later/a")


async def _retained(broker: Broker, topic: str) -> None:
    """Wait until the broker gives what it retains: nats-server acknowledges it before."""
    while True:
        async with MqttSession(settings_for(broker), client_id="looker", persistent=False) as looker:
            await looker.wait_connected()
            await looker.subscribe(topic)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    await anext(looker.messages())
                    return


async def test_a_topic_unsubscribed_from_is_silent(broker: Broker) -> None:
    """After unsubscribing nothing comes of that topic, and all else does."""
    async with _pair(broker) as (receiver, sender):
        await receiver.subscribe("later/a")
        receiver.unsubscribe("later/a")
        await receiver.subscribe("marker")
        await sender.publish("later/a", "unheard")
        await sender.publish("always", "heard")
        assert payloads(await take(receiver, 1)) == [b"heard"]


async def test_what_was_changed_while_running_holds_over_a_broker_that_forgets(broker: Broker) -> None:
    """A new connection makes the subscriptions as they are now: those added are there, those removed are not."""
    async with _pair(broker) as (receiver, sender):
        await receiver.subscribe("later/a", "later/b", qos=0)
        receiver.unsubscribe("later/b")
        await _forgetful_restart(broker, receiver, sender)
        for topic in ("later/b", "later/a", "always"):
            await sender.publish(topic, topic)
        assert payloads(await take(receiver, 2)) == [b"later/a", b"always"]


async def test_a_subscription_made_without_a_connection_is_confirmed_with_the_next(broker: Broker) -> None:
    """What is asked for while the broker is away waits for it; what is taken back meanwhile is not asked for."""
    async with _pair(broker) as (receiver, sender):
        broker.kill()
        await until(lambda: not receiver.connected)
        done, regretted = receiver.subscribe("later/a"), receiver.subscribe("later/b")
        receiver.unsubscribe("later/b")
        assert await regretted == ()
        assert not done.done()
        broker.start()
        assert await asyncio.wait_for(done, 20) == ()
        for topic in ("later/b", "later/a"):
            await sender.publish(topic, topic)
        assert payloads(await take(receiver, 1)) == [b"later/a"]


async def test_a_broker_that_remembers_is_told_what_was_removed_meanwhile(mosquitto: Broker) -> None:
    """A persistent session that unsubscribes without a connection hears nothing of that topic afterwards."""
    async with _pair(mosquitto, persistent=True) as (receiver, sender):
        await receiver.subscribe("later/a")
        mosquitto.stop()
        await until(lambda: not receiver.connected)
        receiver.unsubscribe("later/a")
        mosquitto.start()
        await receiver.wait_connected()
        assert receiver.session_present
        await receiver.subscribe("marker")
        await sender.publish("later/a", "unheard")
        await sender.publish("always", "heard")
        assert payloads(await take(receiver, 1)) == [b"heard"]


async def test_a_subscription_that_the_broker_refuses_is_told() -> None:
    """The future names the topics that may not be read, and health says what to check."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while packet := await reader.read(1000):
            if packet[0] == CONNECT:
                writer.write(b"\x20\x02\x00\x00")
            else:  # SUBACK to a and then to b and c, of which the last is refused
                writer.write(b"\x90" + (b"\x03" if packet.endswith(b"a\x01") else b"\x04") + packet[2:4] + b"\x01")
                writer.write(b"" if packet.endswith(b"a\x01") else b"\x80")

    health = Health("api")
    async with (
        impostor(answer) as settings,
        MqttSession(settings, client_id="a", subscriptions=["a"], health=health) as session,
    ):
        await session.wait_connected()
        assert await asyncio.wait_for(session.subscribe("b", "c"), 10) == ("c",)
        sentence = f"the broker at {settings.address} does not let us read c: check its access rules"
        await until(lambda: health.message().detail == sentence)


async def test_any_number_of_changes_leaves_the_numbers_of_publishes_alone(broker: Broker) -> None:
    """Thousands of subscriptions, made and ended amid publishes, are all confirmed, and no publish is taken for one."""
    async with _pair(broker) as (receiver, _sender):
        published = []
        for number in range(1500):
            done = receiver.subscribe(f"later/{number}", qos=0)
            published.append(receiver.publish("elsewhere", b"1"))
            receiver.unsubscribe(f"later/{number}")
            if number % 100 == 99:
                assert await asyncio.wait_for(done, 30) == ()
        await asyncio.wait_for(asyncio.gather(*published), 30)
