import asyncio
from pathlib import Path

from meterkast_runtime.mqtt import MqttSession, MqttSettings

from tests.brokers import Broker
from tests.launcher.command import meterkast
from tests.launcher.telegrams import telegram

PATIENCE_S = 20


async def test_a_recording_reaches_the_broker_once_and_the_command_ends(mosquitto: Broker, tmp_path: Path) -> None:
    """Each telegram of the file is published under the gateway's name, and the command says how many there were."""
    recording = b"".join(telegram(f"1-0:1.8.1({number:06}.000*kWh)") for number in range(5))
    (tmp_path / "recording.txt").write_bytes(recording)
    settings = MqttSettings(host=mosquitto.host, port=mosquitto.port)
    topics = ["dsmr/old/telegram", "dsmr/old/telegram/+"]
    async with MqttSession(settings, client_id="test", subscriptions=topics) as session:
        await session.wait_connected()
        command = ("replay", "recording.txt", "--speed", "max", "--gateway", "old")
        broker = ("--broker", f"{mosquitto.host}:{mosquitto.port}")
        result = await asyncio.to_thread(meterkast, *command, *broker, directory=tmp_path)
        assert result.returncode == 0, result.stderr
        assert result.stdout.decode().startswith("5 telegrams of recording.txt are with 127.0.0.1:")
        messages = session.messages()
        async with asyncio.timeout(PATIENCE_S):
            payloads = [(await anext(messages)).payload for _ in range(5)]
    assert b"".join(payloads) == recording


def test_a_recording_that_is_not_there_or_a_silent_broker_is_one_sentence(tmp_path: Path) -> None:
    """A missing file, a speed that is none and a broker that does not answer are refused with code 2."""
    (tmp_path / "recording.txt").write_bytes(telegram())
    cases = {
        ("none.txt",): "there is no file none.txt to replay",
        ("recording.txt", "--speed", "fast"): "speed=fast in the source is no number",
        ("recording.txt", "--broker", "127.0.0.1:1"): "the broker cannot be used, nothing listens at 127.0.0.1:1",
    }
    for arguments, sentence in cases.items():
        result = meterkast("replay", *arguments, directory=tmp_path)
        assert (result.returncode, result.stdout) == (2, b"")
        (line,) = result.stderr.decode().splitlines()
        assert sentence in line
