"""The MQTT session against real brokers."""

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest
from meterkast_runtime.health import Health
from meterkast_runtime.mqtt import MqttClosedError, MqttQueueFullError, MqttSession, MqttSettings, Will

from tests.brokers import Broker, Mosquitto, free_port
from tests.runtime.sessions import payloads, quick, settings_for, take, until

REPOSITORY = Path(__file__).parents[2]


async def hoarder(broker: Broker, acknowledged: int) -> tuple[Process, asyncio.StreamReader]:
    """Start a client process, and wait until it is connected."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.runtime.hoarder", str(broker.port), str(acknowledged), cwd=REPOSITORY, stdout=PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"connected\n"
    return process, process.stdout


async def test_what_is_published_arrives(broker: Broker) -> None:
    """A published message is acknowledged and reaches a subscriber whole."""
    settings = settings_for(broker)
    async with (
        MqttSession(settings, client_id="receiver", subscriptions=["a/#"]) as receiver,
        MqttSession(settings, client_id="sender") as sender,
    ):
        await receiver.wait_connected()
        await sender.publish("a/b", b"\x00\xff", retain=True)
        (message,) = await take(receiver, 1)
        assert (message.topic, message.payload, message.retain, message.duplicate) == ("a/b", b"\x00\xff", False, False)


async def test_a_message_for_an_absent_session_waits_for_it(broker: Broker) -> None:
    """A persistent session receives on its return what was published while it was away."""
    settings = settings_for(broker)
    async with MqttSession(settings, client_id="receiver", subscriptions=["a/#"]) as receiver:
        await receiver.wait_connected()
        assert not receiver.session_present
    async with MqttSession(settings, client_id="sender") as sender:
        for number in range(50):
            await sender.publish("a/b", str(number))
    async with MqttSession(settings, client_id="receiver", subscriptions=["a/#"]) as receiver:
        taken = await take(receiver, 50)
        await receiver.wait_connected()
        assert receiver.session_present
    assert payloads(taken) == [str(number).encode() for number in range(50)]


async def test_a_session_that_is_not_persistent_starts_empty(broker: Broker) -> None:
    """Without persistence, what was published meanwhile is gone."""
    settings = settings_for(broker)
    async with MqttSession(settings, client_id="sender") as sender:
        async with MqttSession(settings, client_id="receiver", subscriptions=["a"], persistent=False) as receiver:
            await receiver.wait_connected()
        await sender.publish("a", "missed")
        async with MqttSession(settings, client_id="receiver", subscriptions=["a"], persistent=False) as receiver:
            await receiver.wait_connected()
            assert not receiver.session_present
            await sender.publish("a", "heard")
            assert payloads(await take(receiver, 1)) == [b"heard"]


async def test_what_a_killed_client_did_not_acknowledge_comes_again(broker: Broker) -> None:
    """After kill -9 of a client, each message it had not acknowledged is delivered again, and no other."""
    process, output = await hoarder(broker, 3)
    settings = settings_for(broker)
    async with MqttSession(settings, client_id="sender") as sender:
        for number in range(10):
            await sender.publish("hoard/a", str(number))
        for number in range(10):
            assert await output.readline() == f"{number}\n".encode()
        process.kill()
        await process.wait()
        async with MqttSession(settings, client_id="hoarder", subscriptions=["hoard/#"]) as heir:
            again = await take(heir, 7)
            assert {message.payload for message in again} == {str(number).encode() for number in range(3, 10)}
            await sender.publish("hoard/a", "last")
            assert payloads(await take(heir, 1)) == [b"last"]


async def test_subscriptions_are_made_anew_when_the_broker_lost_the_session(broker: Broker) -> None:
    """A broker that comes back with nothing is subscribed to again, and its forgetting is told."""
    presences: list[bool] = []
    settings = settings_for(broker)
    session = MqttSession(settings, client_id="a", subscriptions=["a/#"], on_connect=presences.append, backoff=quick())
    async with session, MqttSession(settings, client_id="sender", backoff=quick()) as sender:
        await session.wait_connected()
        broker.kill()
        broker.forget()
        await until(lambda: not session.connected)
        broker.start()
        await session.wait_connected()
        await sender.publish("a/b", "heard")
        assert payloads(await take(session, 1)) == [b"heard"]
    assert presences == [False, False]


async def test_a_publish_is_done_at_the_acknowledgement_and_not_before(mosquitto: Mosquitto) -> None:
    """The future of a publish stays open as long as the broker has not answered."""
    async with MqttSession(settings_for(mosquitto), client_id="sender") as sender:
        await sender.wait_connected()
        assert mosquitto.process is not None
        mosquitto.process.send_signal(signal.SIGSTOP)
        done = sender.publish("a", "1")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(done), 0.2)
        assert not done.done()
        mosquitto.process.send_signal(signal.SIGCONT)
        await asyncio.wait_for(done, 20)


async def test_what_is_published_while_the_broker_is_down_goes_out_later_in_order(broker: Broker) -> None:
    """Messages published without a connection are kept and sent in order, before any newer one."""
    settings = settings_for(broker)
    async with MqttSession(settings, client_id="receiver", subscriptions=["a"], backoff=quick()) as receiver:
        await receiver.wait_connected()
    broker.stop()
    newest: list[asyncio.Future[None]] = []
    sender = MqttSession(
        settings,
        client_id="sender",
        backoff=quick(),
        on_connect=lambda _present: newest.append(sender.publish("a", "newest")),
    )
    async with sender:
        waiting = [sender.publish("a", str(number)) for number in range(500)]
        assert not any(done.done() for done in waiting)
        broker.start()
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
        await newest[0]
    async with MqttSession(settings, client_id="receiver", subscriptions=["a"]) as receiver:
        taken = await take(receiver, 501)
    assert payloads(taken) == [*(str(number).encode() for number in range(500)), b"newest"]


@pytest.mark.parametrize("forgets", [False, True])
async def test_what_was_not_acknowledged_is_sent_again_after_a_crash(broker: Broker, *, forgets: bool) -> None:
    """Each publish is done in the end though the broker is killed meanwhile, also when it has lost the session."""
    async with MqttSession(settings_for(broker), client_id="sender", backoff=quick()) as sender:
        await sender.wait_connected()
        waiting = [sender.publish("a", bytes(1000)) for _ in range(2000)]
        await until(lambda: any(done.done() for done in waiting))
        broker.kill()
        if forgets:
            broker.forget()
        waiting += [sender.publish("a", bytes(1000)) for _ in range(10)]
        broker.start()
        await asyncio.wait_for(asyncio.gather(*waiting), 30)
        await sender.flush()


async def test_an_acknowledgement_after_a_reconnect_harms_no_other_message(broker: Broker) -> None:
    """An ack for a message of an earlier connection is not sent, since its number may mean another one now."""
    settings = settings_for(broker)
    async with (
        MqttSession(settings, client_id="receiver", subscriptions=["a"], backoff=quick()) as receiver,
        MqttSession(settings, client_id="sender", backoff=quick()) as sender,
    ):
        await receiver.wait_connected()
        await sender.publish("a", "old")
        (old,) = await take(receiver, 1, ack=False)
        broker.kill()
        broker.forget()
        await until(lambda: not receiver.connected)
        broker.start()
        await receiver.wait_connected()
        await sender.publish("a", "new")
        await take(receiver, 1, ack=False)
        old.ack()
        old.ack()
    async with MqttSession(settings, client_id="receiver", subscriptions=["a"]) as receiver:
        assert payloads(await take(receiver, 1)) == [b"new"]


async def test_a_broken_connection_leaves_the_will(broker: Broker) -> None:
    """The broker publishes the last will of a client that is killed, and keeps silent after a goodbye."""
    settings = settings_for(broker)
    will = Will("gone", b"lost")
    async with MqttSession(settings, client_id="watcher", subscriptions=["gone", "end"]) as watcher:
        await watcher.wait_connected()
        async with MqttSession(settings, client_id="polite", will=will) as polite:
            await polite.wait_connected()
        await watcher.publish("end", "1")
        assert [message.topic for message in await take(watcher, 1)] == ["end"]
        process, _ = await hoarder(broker, 0)
        process.kill()
        await process.wait()
        assert payloads(await take(watcher, 1)) == [b"lost"]


async def test_two_programs_of_one_name_are_told_of_it(broker: Broker) -> None:
    """Two sessions that throw each other out of the broker learn the likely cause."""
    settings = settings_for(broker)
    health = Health("reader")
    async with (
        MqttSession(settings, client_id="same", backoff=quick()),
        MqttSession(settings, client_id="same", backoff=quick(), health=health),
    ):
        await until(lambda: "is another program running as same?" in (health.message().detail or ""))


async def test_too_much_waiting_is_refused(broker: Broker) -> None:
    """Beyond its bound a session takes no more messages, and says so."""
    settings = MqttSettings(host="127.0.0.1", port=free_port())
    del broker
    async with MqttSession(settings, client_id="sender", publish_limit=3) as sender:
        kept = [sender.publish("a", "1") for _ in range(3)]
        with pytest.raises(MqttQueueFullError, match="3 messages already wait"):
            sender.publish("a", "1")
        assert not any(done.done() for done in kept)
    assert all(done.cancelled() for done in kept)
    with pytest.raises(MqttClosedError):
        sender.publish("a", "1")


async def test_closing_ends_the_messages(broker: Broker) -> None:
    """Who iterates over the messages of a session that is closed comes to the end."""
    async with MqttSession(settings_for(broker), client_id="a", subscriptions=["a"]) as session:
        await session.wait_connected()
        consumer = asyncio.create_task(take(session, 1))
        await asyncio.sleep(0)
    assert await asyncio.wait_for(consumer, 1) == []


async def test_a_broker_that_appears_late_is_found(broker: Broker) -> None:
    """A session keeps trying while nothing listens, and connects once the broker is there."""
    broker.stop()
    health = Health("reader")
    async with MqttSession(settings_for(broker), client_id="a", backoff=quick(), health=health) as session:
        await until(lambda: health.message().detail)
        assert health.message().detail == (
            f"nothing listens at 127.0.0.1:{broker.port}: start the broker, or check mqtt.host and mqtt.port"
        )
        assert (health.message().checks["mqtt"], session.connected) == ("disconnected", False)
        broker.start()
        await asyncio.wait_for(session.wait_connected(), 30)
        assert (health.message().detail, health.message().checks["mqtt"]) == (None, "connected")


async def test_a_message_published_at_qos_0_needs_no_answer(broker: Broker) -> None:
    """A QoS 0 publish is done at once, and arrives while connected."""
    async with MqttSession(settings_for(broker), client_id="a", subscriptions=["a"]) as session:
        await session.wait_connected()
        assert session.publish("a", "1", qos=0).done()
        (message,) = await take(session, 1)
        message.ack()
        assert message.payload == b"1"


async def test_a_broker_that_falls_silent_is_noticed(mosquitto: Mosquitto) -> None:
    """A connection on which nothing comes back within twice the keep-alive time is given up and made anew."""
    settings = settings_for(mosquitto, keepalive_s=1)
    async with MqttSession(settings, client_id="a", backoff=quick()) as session:
        await session.wait_connected()
        assert mosquitto.process is not None
        mosquitto.process.send_signal(signal.SIGSTOP)
        waiting = session.publish("a", "1")
        await until(lambda: not session.connected, 20)
        assert not waiting.done()
        mosquitto.process.send_signal(signal.SIGCONT)
        async with asyncio.timeout(30):
            await waiting
            await session.wait_connected()


async def test_closing_does_not_wait_for_a_silent_broker(mosquitto: Mosquitto) -> None:
    """A session is closed at once though its broker answers nothing."""
    async with MqttSession(settings_for(mosquitto), client_id="a") as session:
        await session.wait_connected()
        assert mosquitto.process is not None
        mosquitto.process.send_signal(signal.SIGSTOP)
        waiting = [session.publish("a", bytes(100_000)) for _ in range(100)]
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 1.9
    assert all(one.cancelled() for one in waiting)
    mosquitto.process.send_signal(signal.SIGCONT)


async def test_a_large_message_passes_whole(broker: Broker) -> None:
    """Messages of up to the brokers' limits pass whole, between small ones and in order."""
    async with MqttSession(settings_for(broker), client_id="a", subscriptions=["a"]) as session:
        await session.wait_connected()
        sizes = [10, 900_000, 0, 70_000, 1]
        for size in sizes:
            session.publish("a", bytes(size))
        assert [len(message.payload) for message in await take(session, len(sizes))] == sizes


async def test_a_mistake_in_a_callback_is_not_swallowed(broker: Broker) -> None:
    """An error raised by on_connect ends the session and reaches those who wait for it."""

    def mistaken(_present: bool) -> None:  # noqa: FBT001 - the callback's own signature
        raise ZeroDivisionError("by nought")

    session = MqttSession(settings_for(broker), client_id="a", subscriptions=["a"], on_connect=mistaken)
    async with session:
        with pytest.raises(ZeroDivisionError):
            await take(session, 1)
        with pytest.raises(ZeroDivisionError):
            session.publish("a", "1")
