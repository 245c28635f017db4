import asyncio
import socket
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import psutil
import pytest
from meterkast.ports import is_free
from meterkast_contracts.messages import DeviceInfo
from meterkast_contracts.topics import Topics
from meterkast_parser.decode import decode
from meterkast_reader.simulator import Meter
from meterkast_runtime.mqtt import MqttSession, MqttSettings
from meterkast_store import StoreSettings, open_store

from tests.launcher.command import meterkast
from tests.launcher.p1_port import P1Port
from tests.pipeline.dial import ZONE, Dial
from tests.pipeline.home import PATIENCE_S, Home, eventually

AN_HOUR = timedelta(hours=1)


def _telegrams(dialect: str, count: int = 30) -> list[bytes]:
    """Telegrams of the last half minute, so that their clock is right."""
    now = int(datetime.now(UTC).timestamp())
    meter = Meter(dialect, 4, starts=datetime.fromtimestamp(now, UTC))
    return [raw for second in range(now - count, now) if (raw := meter.telegram(second))]


def test_a_simulated_house_is_live_on_page_rest_and_stream(tmp_path: Path) -> None:
    """What the page, REST and the live stream show is, to the last digit, what the simulated meter says."""
    with Home(tmp_path, "simulator:nl-dsmr5?seed=7") as home:
        actual = home.actual()
        moment = datetime.fromisoformat(actual["measured_at"])
        raw = Meter("nl-dsmr5", 7, starts=moment).telegram(int(moment.timestamp()))
        assert raw is not None
        expected = decode(raw, gateway="home", received_at=None, zone=ZONE).values
        assert {name: actual[name] for name in expected} == expected
        streamed = next(data for kind, data in home.events() if kind == "reading")
        assert streamed["gateway"] == "home"
        meters = home.get("/api/v1/meters")
        assert "home" in str(meters)
        said = eventually(lambda: home.said if "Ctrl-C" in home.said else None, what="where to look")
        terminal = f"telnet localhost {home.telnet_port}"
        page, broker = f"http://localhost:{home.port}/", f"127.0.0.1:{home.mqtt_port}"
        for words in (page, broker, "dsmr/home/#", terminal, str(home.data)):
            assert words in said
        code = said.partition("setup code ")[2].partition(",")[0]
        chosen = httpx.post(
            f"http://127.0.0.1:{home.port}/api/v1/password", json={"password": "correct horse", "setup_code": code}
        )
        assert chosen.status_code == 204
        assert "meterkast_session" in chosen.cookies


@pytest.mark.parametrize(
    ("dialect", "line"), [("nl-dsmr22", "9600 7E1"), ("nl-dsmr3", "9600 7E1"), ("nl-dsmr5", "115200 8N1")]
)
async def test_a_meter_of_either_line_reaches_the_page(dialect: str, line: str, tmp_path: Path) -> None:
    """A P1 cable at 9600 7E1 and one at 115200 8N1 are both found by listening, and their values are on the page."""
    telegrams = _telegrams(dialect)
    speed, seven_bit = int(line.split(maxsplit=1)[0]), line.endswith("7E1")
    with (
        P1Port(telegrams, speed=speed, seven_bit=seven_bit, interval_s=0.5) as port,
        Home(tmp_path, port.device, "--gateway", "cupboard") as home,
    ):
        actual = home.actual("cupboard")
        readings = [decode(raw, gateway="cupboard", received_at=None, zone=ZONE) for raw in telegrams]
        assert actual["energy_import_t1_kwh"] in [reading.values["energy_import_t1_kwh"] for reading in readings]
        assert actual["identification"] == readings[0].identification
        assert await _line(home, "cupboard") == line


async def _line(home: Home, gateway: str) -> str:
    """The line setting that the reader publishes of itself, once it has found it."""
    settings = MqttSettings(host="127.0.0.1", port=home.mqtt_port)
    topics = [Topics().device(gateway)]
    watcher = MqttSession(settings, client_id="watcher", subscriptions=topics, persistent=False)
    async with asyncio.timeout(PATIENCE_S), watcher as session:
        async for message in session.messages():
            message.ack()
            if line := DeviceInfo.from_json(message.payload).line:
                return line
    raise AssertionError("the session ended")


async def test_ctrl_c_stops_everything_within_two_seconds_and_loses_nothing(tmp_path: Path) -> None:
    """After Ctrl-C nothing of it runs any more, and each telegram it had read is in history, once."""
    dial = Dial.of(200)
    recording = tmp_path / "recording.txt"
    recording.write_bytes(b"".join(dial.telegrams))
    with Home(tmp_path, f"replay:{recording}?speed=20") as home:
        home.actual()
        assert home.process is not None
        family = psutil.Process(home.process.pid).children(recursive=True)
        code, seconds = home.stop()
        assert (code, seconds < 2) == (0, True), (seconds, home.said)
        assert not any(process.is_running() for process in family)
        assert is_free("127.0.0.1", home.port)
        assert is_free("127.0.0.1", home.mqtt_port)
        first_run = len(await _kept(home.data))
        assert "Traceback" not in home.said
        home.start()
        await dial.wait_until_kept(home.data, 60)
        home.stop()
        assert first_run <= len(dial.telegrams)
        await dial.check(home.data)


async def _kept(data: Path) -> list[datetime]:
    now = datetime.now(UTC)
    async with open_store(StoreSettings(), data) as store:
        samples = await store.samples("home", now - 24 * AN_HOUR, now + AN_HOUR, limit=100_000)
    return [sample.measured_at for sample in samples]


async def test_what_was_read_before_a_stop_is_kept_after_the_next_start(tmp_path: Path) -> None:
    """Between the first and the last second that a live meter was read there is no hole in history, stops included."""
    with Home(tmp_path, "simulator:nl-dsmr5") as home:
        home.actual()
        home.stop()
        home.start()
        home.actual()
        home.stop()
        kept = await _kept(home.data)
    holes = [later - earlier for earlier, later in pairwise(kept) if later - earlier > timedelta(seconds=1)]
    assert len(holes) <= 1, holes  # the one while it was stopped


def test_several_meters_are_read_at_once(tmp_path: Path) -> None:
    """`gateways=3` are three houses, each with its own values."""
    with Home(tmp_path, "simulator:be-emucs?gateways=3") as home:
        readings = [home.actual(name) for name in ("home", "home-2", "home-3")]
    assert len({reading["energy_import_t1_kwh"] for reading in readings}) == 3


def test_a_broker_elsewhere_is_used_instead_of_an_own(mosquitto_port: int, tmp_path: Path) -> None:
    """With `--broker` no broker is started, and all goes over the one named."""
    with Home(tmp_path, "simulator:nl-dsmr5", "--broker", f"127.0.0.1:{mosquitto_port}") as home:
        assert home.actual()["gateway"] == "home"
        assert home.process is not None
        assert psutil.Process(home.process.pid).children() == []
        assert home.stop()[0] == 0


def test_what_keeps_it_from_starting_is_one_sentence(tmp_path: Path) -> None:
    """A port in use, a folder that cannot be written, a wrong source or option: each one sentence and code 2."""
    file = tmp_path / "file"
    file.touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = str(server.getsockname()[1])
        cases = {
            ("--port", taken): f"port {taken} for the web page is in use by ",
            ("--mqtt-port", taken): f"port {taken} for MQTT is in use by ",
            ("--data-dir", str(file / "data")): "cannot be written: ",
            ("simulator:nl-dsmr6",): "knows no dialect 'nl-dsmr6': did you mean nl-dsmr",
            ("socket://host",): "'host' is not host:port",
            ("replay:nothing.txt",): "there is no file nothing.txt to replay",
            ("--gateway", "Huis!"): "gateway",
            ("--broker", "127.0.0.1:1"): "the broker cannot be used, ",
            ("--log-level", "loud"): "log",
        }
        for arguments, sentence in cases.items():
            result = meterkast("up", "--data-dir", str(tmp_path / "data"), *arguments, directory=tmp_path)
            said = result.stderr.decode()
            assert (result.returncode, result.stdout) == (2, b""), (arguments, said)
            assert sentence in said, (arguments, said)
            assert len(said.splitlines()) == 1, (arguments, said)


def test_one_folder_serves_one_meterkast(tmp_path: Path) -> None:
    """A second start on the same data folder is refused and names the first."""
    with Home(tmp_path, "simulator:nl-dsmr5") as home:
        home.actual()
        assert home.process is not None
        result = meterkast("up", "--data-dir", str(home.data), directory=tmp_path)
    assert result.returncode == 2
    assert f"another meterkast (process {home.process.pid}) uses the data folder" in result.stderr.decode()


def test_a_wrong_password_is_said(mosquitto_with_password: int, tmp_path: Path) -> None:
    """A broker that does not let us in is one sentence that says which settings to check, code 2."""
    broker = ("--broker", f"127.0.0.1:{mosquitto_with_password}")
    login = {"METERKAST_MQTT__USERNAME": "huis", "METERKAST_MQTT__PASSWORD": "wrong"}
    result = meterkast("up", "--data-dir", str(tmp_path / "data"), *broker, directory=tmp_path, extra=login)
    assert result.returncode == 2
    assert "check mqtt.username and mqtt.password" in result.stderr.decode()
    assert len(result.stderr.decode().splitlines()) == 1
