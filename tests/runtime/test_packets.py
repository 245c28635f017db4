"""PUBLISH and PUBACK as bytes, and what waits for its PUBACK."""

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meterkast_runtime.errors import MqttError
from meterkast_runtime.mqtt import MqttQueueFullError, MqttSession
from meterkast_runtime.mqtt.outbox import FIRST_MID, LAST_MID, Outbox
from meterkast_runtime.mqtt.packets import decode_publish, encode_puback, encode_publish

from tests.runtime.sessions import impostor, quick, until

topics = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="+#\0"), min_size=1)


class Pipe:
    """A connection that notes what it is given."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []

    def write(self, packet: bytes | bytearray) -> None:
        self.packets.append(bytes(packet))


def body_of(packet: bytes | bytearray) -> bytes:
    """What follows the fixed header."""
    start = next(at for at, byte in enumerate(packet) if at and byte < 0x80) + 1
    return bytes(packet[start:])


@given(topic=topics, payload=st.binary(max_size=300), mid=st.integers(0, 65_535), retain=st.booleans())
def test_what_is_encoded_is_decoded(topic: str, payload: bytes, mid: int, *, retain: bool) -> None:
    """Topic, payload, number and flags come back as they were."""
    packet = encode_publish(topic, payload, mid=mid, retain=retain)
    assert decode_publish(packet[0], body_of(packet)) == (topic, payload, retain, False, mid)


@pytest.mark.parametrize("size", [0, 120, 121, 122, 16_376, 16_377, 16_378, 2_097_144, 2_097_145, 2_097_146])
def test_the_length_is_encoded_in_as_many_bytes_as_it_needs(size: int) -> None:
    """The length's seven-bit groups, least significant first, tell what follows (MQTT 3.1.1, 2.2.3)."""
    packet = encode_publish("abc", bytes(size), mid=0, retain=False)
    body = body_of(packet)
    groups = packet[1 : len(packet) - len(body)]
    assert sum((group & 0x7F) << 7 * place for place, group in enumerate(groups)) == len(body) == 5 + size


def test_the_bytes_are_those_of_the_standard() -> None:
    """A PUBLISH of QoS 1 and its PUBACK look as in MQTT 3.1.1, 3.3 and 3.4."""
    assert encode_publish("a/b", "7", mid=10, retain=True) == b"\x33\x08\x00\x03a/b\x00\x0a7"
    assert encode_publish("a/b", b"", mid=0, retain=False) == b"\x30\x05\x00\x03a/b"
    assert encode_puback(258) == b"\x40\x02\x01\x02"


@given(st.integers(0, 15), st.binary(max_size=40))
def test_any_bytes_are_decoded_or_refused(flags: int, body: bytes) -> None:
    """Nothing a broker could send raises anything but the project's own error."""
    with contextlib.suppress(MqttError):
        assert len(decode_publish(0x30 | flags, body).payload) <= len(body)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0b", "x" * 65_536])
def test_a_topic_no_broker_takes_is_refused(topic: str) -> None:
    """Wildcards, NUL, nothing and too much are refused before they are sent."""
    with pytest.raises(ValueError, match="is no topic to publish to"):
        encode_publish(topic, b"", mid=1, retain=False)


async def test_what_waits_is_sent_in_order_and_marked_when_sent_again() -> None:
    """Only a message that has been sent before carries the duplicate flag."""
    outbox, first, second = Outbox(10), Pipe(), Pipe()
    outbox.publish("a", "1", retain=False)
    outbox.open(first)
    outbox.publish("a", "2", retain=False)
    outbox.close()
    outbox.publish("a", "3", retain=False)
    outbox.open(second)
    assert [(packet[-1:], packet[0]) for packet in first.packets] == [(b"1", 0x32), (b"2", 0x32)]
    assert [(packet[-1:], packet[0]) for packet in second.packets] == [(b"1", 0x3A), (b"2", 0x3A), (b"3", 0x32)]


async def test_a_number_is_given_anew_only_when_it_is_free() -> None:
    """Numbers go round, and pass over those whose messages still wait."""
    outbox = Outbox(3)
    slow = outbox.publish("a", "slow", retain=False)
    for mid in range(FIRST_MID + 1, LAST_MID + 1):
        done = outbox.publish("a", "quick", retain=False)
        outbox.confirm(mid)
        assert done.done()
    outbox.publish("a", "again", retain=False)
    outbox.confirm(FIRST_MID + 1)
    assert not slow.done()
    assert len(outbox) == 1


async def test_a_stray_acknowledgement_is_of_no_effect() -> None:
    """A PUBACK for nothing, one that comes twice, and one for what nobody waits for any more do no harm."""
    outbox = Outbox(1)
    done = outbox.publish("a", "1", retain=False)
    done.cancel()
    with pytest.raises(MqttQueueFullError):
        outbox.publish("a", "2", retain=False)
    for _ in range(2):
        outbox.confirm(FIRST_MID)
    assert (len(outbox), outbox.confirmed) == (0, 1)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x30\x00",
        b"\x32\x03\x00\x09a",
        b"\x36\x05\x00\x01a\x00\x01",
        b"\x40\xff\xff\xff\xff\xff",
        b"\x00\x00",
        b"\xff",
    ],
)
async def test_a_broker_that_sends_nonsense_is_left_and_tried_again(nonsense: bytes) -> None:
    """After a malformed packet the connection is given up and made anew."""
    greetings = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal greetings
        greetings += 1
        await reader.read(1000)
        writer.write(b"\x20\x02\x00\x00" + nonsense)
        if nonsense == b"\xff":
            writer.write_eof()
        await reader.read()

    async with impostor(answer) as settings, MqttSession(settings, client_id="a", backoff=quick()):
        await until(lambda: greetings >= 3)
