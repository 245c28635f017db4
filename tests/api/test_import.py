"""`POST …/import` of a running API."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from meterkast_api.access.scopes import ANYONE, Caller, Scope
from meterkast_store import Batch, HistoryStore, Sample, StoreSettings, open_store
from meterkast_store.errors import StoreUnavailableError

from tests.api.houses import OWNER, House, ScriptedStore, house
from tests.api.other_programs import HOUR, hourly, local, monitor_hours, moved, ring
from tests.brokers import Broker

DIALS = hourly(local(2025, 3, 28), local(2025, 3, 31))
PLACE = "/api/v1/meters/home/import"
READER = Caller("phone", frozenset({Scope.READ}))


def empty(folder: Path) -> HistoryStore:
    return open_store(StoreSettings(), folder / "history")


async def send(here: House, content: bytes | str, **parameters: Any) -> httpx.Response:
    return await here.client.post(PLACE, content=content, params=parameters)


async def test_a_file_is_imported_and_noted(mosquitto: Broker, tmp_path: Path) -> None:
    """A dry run changes nothing; the import says the same, is in the usage and in the audit log; again it is known."""
    async with house(mosquitto, empty(tmp_path), caller=OWNER) as here:
        dry = (await send(here, monitor_hours(DIALS), dry_run="true")).json()
        assert (dry["format"], dry["dry_run"], dry["rows"], dry["known"]) == ("p1-monitor-sql", True, 71, 0)
        assert (dry["from"], dry["to"]) == ("2025-03-28T01:00:00+01:00", "2025-03-30T23:00:00+02:00")
        assert dry["refused"] == [{"line": 71, "reason": "its period was still running when the file was made"}]
        assert (await here.get("/api/v1/meters/home/usage")).status_code == 404
        first = (await send(here, monitor_hours(DIALS))).json()
        assert first == {**dry, "dry_run": False}
        second = (await send(here, monitor_hours(DIALS))).json()
        assert (second["new"], second["known"]) == (0, first["new"])
        span = {"from": "2025-03-28", "to": "2025-04-01"}
        usage = (await here.get("/api/v1/meters/home/usage", per="hour", **span)).json()
        assert usage["total"]["gas_m3"] == moved(DIALS[1:-1])["gas_l"] / 1000


async def test_the_old_paths_know_at_once_what_was_imported(mosquitto: Broker, tmp_path: Path) -> None:
    """A gateway of which nobody had heard a moment ago is served by every API after its import."""
    path = "/compat/home/api/v2/statistics/hour"
    async with house(mosquitto, empty(tmp_path), caller=OWNER) as here:
        assert (await here.get(path)).status_code == 404
        assert (await send(here, monitor_hours(DIALS))).status_code == 200
        assert (await here.get(path)).json()["count"] > 0


async def test_only_who_may_change_things_may_import(mosquitto: Broker, tmp_path: Path) -> None:
    """Nobody known is asked to log in, who may only read is told so."""
    for caller, status in ((ANYONE, 401), (READER, 403)):
        async with house(mosquitto, empty(tmp_path), caller=caller) as here:
            answer = await send(here, monitor_hours(DIALS))
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("content", "parameters", "kind", "sentence"),
    [
        ("hello", {}, "unknown-format", "none of the formats that can be imported: dsmr-logger (DSMR logger"),
        ("", {}, "empty-file", "the body is empty: send the file in it"),
        (ring(DIALS), {"format": "excel"}, "unknown-format", "there is no format 'excel'"),
        (
            ring(DIALS),
            {"dryrun": "true"},
            "invalid-request",
            "dryrun: there is no such parameter: did you mean dry_run?",
        ),
        (ring(DIALS), {"meter": ""}, "invalid-request", "meter: "),
        (b"\x1f\x8b broken", {}, "unreadable-file", "it cannot be unpacked"),
    ],
)
async def test_what_cannot_be_imported_is_said(
    mosquitto: Broker, tmp_path: Path, content: bytes | str, parameters: dict[str, str], kind: str, sentence: str
) -> None:
    """A problem with what would be right, and nothing is written."""
    async with house(mosquitto, empty(tmp_path), caller=OWNER) as here:
        answer = await send(here, content, **parameters)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith(kind)
        assert sentence in answer.json()["detail"]


async def test_a_gateway_that_cannot_be_is_named(mosquitto: Broker, tmp_path: Path) -> None:
    """The name of a gateway is that of a topic."""
    async with house(mosquitto, empty(tmp_path), caller=OWNER) as here:
        answer = await here.client.post("/api/v1/meters/Home!/import", content=ring(DIALS))
        assert (answer.status_code, "gateway" in answer.json()["detail"]) == (422, True)


async def test_a_file_that_is_too_large_is_cut_off(mosquitto: Broker, tmp_path: Path) -> None:
    """More than import_mb is refused while it comes, streamed or not."""

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 65_536

    async with house(mosquitto, empty(tmp_path), caller=OWNER, import_mb=1) as here:
        answer = await here.client.post(PLACE, content=stream())
        assert answer.status_code == 413
        assert "import_mb" in answer.json()["detail"]


async def test_history_that_is_away_is_said(mosquitto: Broker) -> None:
    """A history that cannot be asked is a 503 that says what to do."""
    trouble = StoreUnavailableError("read", "history", "the disk is full", hint="free some space")
    async with house(mosquitto, ScriptedStore(trouble=trouble), caller=OWNER) as here:
        answer = await send(here, monitor_hours(DIALS))
        assert (answer.status_code, answer.json()["hint"]) == (503, "free some space")


async def test_the_api_answers_while_it_imports_and_imports_one_at_a_time(mosquitto: Broker, tmp_path: Path) -> None:
    """A long file holds up no other request; a second import is told to wait."""
    long = hourly(local(2022, 1, 1), local(2022, 6, 1))
    async with house(mosquitto, empty(tmp_path), caller=OWNER) as here:
        importing = asyncio.create_task(send(here, monitor_hours(long)))
        answered = 0
        busy: list[str] = []
        while not importing.done():
            assert (await here.get("/health")).status_code in (200, 503)
            answered += not importing.done()
            if not busy:
                answer = await send(here, ring(DIALS))
                busy += [answer.json()["type"]] if answer.status_code == 409 else []
        assert (await importing).json()["refused_count"] == 1
        assert busy == ["urn:meterkast:problem:import-running"]
        assert answered > 10


async def test_readings_that_flow_meanwhile_are_not_touched(mosquitto: Broker, tmp_path: Path) -> None:
    """Another process that writes the same meter's newest readings finds them as it left them, and goes on."""
    begin = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 2 * HOUR
    old = hourly(begin - 48 * HOUR, begin)
    registers = dict(zip(("energy_import_t1_wh", "energy_import_t2_wh"), old[-1].values, strict=False))
    async with open_store(StoreSettings(), tmp_path / "history") as other:

        async def write(second: int) -> None:
            at = begin + second * HOUR / 360
            grown = {name: value + second for name, value in registers.items()}
            await other.write(Batch(samples=[Sample("home", "E1", at, registers=grown)]))

        await write(0)
        async with house(mosquitto, empty(tmp_path), caller=OWNER) as here:
            importing = asyncio.create_task(send(here, ring(old)))
            second = 0
            while not importing.done() or second < 400:
                second += 1
                await write(second)
            report = (await importing).json()
            assert report["meters"]["electricity"] == "E1"
            assert report["new"] > 90
        samples = await other.samples("home", begin, begin + 3 * HOUR)
        assert [one.registers["energy_import_t1_wh"] for one in samples] == [
            registers["energy_import_t1_wh"] + number for number in range(second + 1)
        ]
        (meter,) = [one for one in await other.meters() if one.kind == "electricity"]
        assert (meter.first, len(meter.epochs)) == (old[1].at, 1)
