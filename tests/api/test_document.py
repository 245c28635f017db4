"""The document holds: schemathesis asks everything that it allows and much that it forbids, of a running API."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

from meterkast_contracts.messages import DeviceInfo, Event, EventKind, HealthStatus, ServiceHealth
from meterkast_store import Batch, MbusSample, Sample, StoreSettings, open_store

from tests.api.houses import NOON, OWNER, TOPICS, House, house
from tests.brokers import Broker

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


def a_day() -> Batch:
    hours = [NOON + timedelta(hours=hour) for hour in range(24) if hour not in (3, 4)]
    return Batch(
        samples=[
            Sample("home", "E1", at, registers={"energy_import_t1_wh": 7 * n}, gauges={"power_import_w": 60 + n})
            for n, at in enumerate(hours)
        ],
        mbus=[MbusSample("home", "gas", "G1", at, "gas_l", 1000 + n) for n, at in enumerate(hours)],
        events=[Event(gateway="home", kind=EventKind.GAP, at=NOON, text="Nothing came.", detail={"duration_s": 7200})],
    )


async def test_every_answer_is_one_that_the_document_declares(mosquitto: Broker, tmp_path: Path) -> None:
    """Valid questions are answered, invalid ones refused, each as declared: status, media type, schema, headers."""
    store = open_store(StoreSettings(), tmp_path / "history")
    async with store:
        await store.write(a_day())
    async with house(mosquitto, open_store(StoreSettings(), tmp_path / "history"), caller=OWNER) as here:
        await _say_everything(here)
        url = f"http://127.0.0.1:{here.service.port}/openapi.json"
        options = ("--phases", "examples,coverage,fuzzing", "--checks", "all", "--warnings", "off", "--no-color")
        process = await asyncio.create_subprocess_exec(
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIGURATION, "run", url, *options),
            cwd=tmp_path,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode()


async def _say_everything(here: House) -> None:
    device = DeviceInfo(gateway="home", source="replay:file", version="1", started_at=NOON, uptime_s=5)
    health = ServiceHealth(
        service="parser", instance="main", status=HealthStatus.OK, version="1", at=NOON, started_at=NOON
    )
    await here.publish(TOPICS.telegram("home"), b"/XMX5\r\n\r\n!0000\r\n")
    await here.publish(TOPICS.device("home"), device.to_json(), retain=True)
    await here.publish("meterkast/parser/main/status", health.to_json(), retain=True)
    await here.send_reading()
    await here.until_found("/api/v1/meters/home/actual")
