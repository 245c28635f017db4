"""What real InfluxDB servers do to a store: refuse, forget, fall over, shut us out."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from meterkast_store import (
    Batch,
    HistoryStore,
    Period,
    StoreSettings,
    StoreUnavailableError,
    Vital,
    open_store,
)
from structlog.testing import capture_logs

from tests.databases import DatabaseMissingError, runs_influxdb_2
from tests.store.houses import gas, sample, steady
from tests.store.influx_homes import Home, home
from tests.store.slow_server import SILENCE, before, response

NOTHING = Path("/nonexistent")
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
OLD = NOW - timedelta(days=200)


@pytest.fixture(scope="module", params=[1, 2] if runs_influxdb_2() else [1], ids="influxdb{}".format)
def influx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    try:
        with home(request.param, tmp_path_factory.mktemp("influx") / "server") as running:
            yield running
    except DatabaseMissingError as missing:
        pytest.skip(str(missing))


def names(settings: StoreSettings) -> tuple[str, str]:
    first = settings.place(NOTHING).rpartition("/")[2]
    return first, f"{first}_samples"


async def total(store: HistoryStore, days: int = 300) -> int:
    usage = await store.usage("home", NOW - timedelta(days=days), NOW, Period.DAY, ZoneInfo("Europe/Amsterdam"))
    return usage.total()["energy_import_wh"]


async def test_snapshots_stay_and_samples_are_forgotten_by_the_server(influx: Home) -> None:
    """Readings older than the retention leave their snapshot, and no sample: that holds up nothing."""
    settings = influx.settings(retention_days=30)
    batch = Batch(samples=[*steady(OLD, OLD + timedelta(hours=2)), *steady(NOW - timedelta(hours=1), NOW)])
    async with open_store(settings, NOTHING) as store:
        await store.write(batch)
        await store.write(batch)
        kept = await store.samples("home", OLD, NOW)
        assert (kept[0].measured_at, len(kept)) == (NOW - timedelta(hours=1), 61)
        usage = await store.usage("home", OLD, OLD + timedelta(hours=2), Period.HOUR, ZoneInfo("UTC"))
        assert [row.values["energy_import_wh"] for row in usage.rows] == [420, 420]
    first, second = names(settings)
    assert (influx.retention_days(first), influx.retention_days(second)) == (0, 30)
    async with open_store(settings.model_copy(update={"retention_days": 20}), NOTHING) as store:
        await store.prune(NOW)
    assert influx.retention_days(second) == 20


async def test_one_row_that_can_never_be_written_holds_up_no_other(influx: Home) -> None:
    """Where somebody has written a register as a float the row is left out and told, all others are written."""
    settings = influx.settings()
    async with open_store(settings, NOTHING) as store:
        await store.write(Batch(samples=[sample(NOW - timedelta(hours=9), 1)]))
        influx.write(names(settings)[1], f"sample,gateway=home,meter=E0043 power_import_w=1 {ms(NOW)}")
        influx.write(names(settings)[1], f"sample,gateway=home,meter=E0043 energy_export_t1_wh=1.5 {ms(NOW)}")
        rows = [sample(NOW + timedelta(seconds=n), 10 + n) for n in range(5)]
        bad = replace(rows[2], registers={"energy_export_t1_wh": 7})
        with capture_logs() as told:
            await store.write(Batch(samples=[*rows[:2], bad, *rows[3:]]))
        found = await store.samples("home", NOW + timedelta(seconds=1), NOW + timedelta(minutes=1))
    assert [one.measured_at for one in found] == [rows[1].measured_at, rows[3].measured_at, rows[4].measured_at]
    assert "field type conflict" in told[0]["reason"]


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


async def test_a_database_that_was_dropped_is_made_again(influx: Home) -> None:
    """Bucket or database dropped while running: one write fails with a sentence, the same write again makes it."""
    settings = influx.settings()
    batch = Batch(samples=list(steady(NOW - timedelta(hours=1), NOW)))
    async with open_store(settings, NOTHING) as store:
        await store.write(batch)
        for name in names(settings):
            influx.drop(name)
        with pytest.raises(StoreUnavailableError, match="make the database"):
            await store.write(batch)
        await store.write(batch)
        assert await total(store) == 420
        assert len(await store.samples("home", OLD, NOW)) == 61


async def test_who_may_not_make_databases_is_told_how(influx: Home) -> None:
    """A user or token that may only read and write is told what to give to whom; then all works, and nothing is set."""
    settings = influx.settings(retention_days=30)
    first, second = names(settings)
    async with open_store(settings, NOTHING):
        user = influx.user(first)
        less = settings.model_copy(update={"token": None, **user})
    influx.drop(second)
    with pytest.raises(StoreUnavailableError, match=r"CREATE DATABASE|influx bucket create") as caught:
        await open_store(less, NOTHING).__aenter__()
    assert second in str(caught.value)
    async with open_store(settings, NOTHING):
        both = settings.model_copy(update={"token": None, "retention_days": 40, **influx.user(first, second)})
    async with open_store(both, NOTHING) as store:
        await store.write(Batch(samples=list(steady(NOW - timedelta(hours=1), NOW))))
        with capture_logs() as told:
            await store.prune(NOW)
        assert await total(store) == 420
    if influx.major == 1:
        assert "ALTER RETENTION POLICY" in told[0]["event"]
    assert influx.retention_days(second) == (30 if influx.major == 1 else 40)


async def test_who_is_shut_out_while_running_comes_back(influx: Home) -> None:
    """A token revoked, a password changed: a sentence without secrets; what waited is written when let in again."""
    settings = influx.settings()
    async with open_store(settings, NOTHING):
        user = influx.user(*names(settings))
    async with open_store(settings.model_copy(update={"token": None, **user}), NOTHING) as store:
        samples = list(steady(NOW - timedelta(hours=1), NOW))
        await store.write(Batch(samples=samples[:30]))
        influx.let_in(user, welcome=False)
        for _ in range(2):
            with pytest.raises(StoreUnavailableError, match="check token, or username and password"):
                await store.write(Batch(samples=samples[30:]))
        influx.let_in(user, welcome=True)
        await store.write(Batch(samples=samples[30:]))
        assert await total(store) == 420


async def test_samples_of_one_database_are_read_on(influx: Home) -> None:
    """An installation of before there were two databases: old samples are read beside the new, then forgotten."""
    settings = influx.settings()
    first, _ = names(settings)
    old, new = list(steady(NOW - timedelta(hours=5), NOW - timedelta(hours=4))), [sample(NOW, 10**7)]
    async with open_store(settings.model_copy(update={"samples_bucket": first}), NOTHING) as store:
        await store.write(Batch(samples=old))
    async with open_store(settings, NOTHING) as store:
        await store.write(Batch(samples=[*new, old[0]]))
        assert await store.samples("home", OLD, NOW) == [*old, *new]
        curve = await store.power("home", NOW - timedelta(hours=6), NOW, 10)
        assert curve.bins == ()
        await store.prune(NOW - timedelta(hours=4, minutes=30) + timedelta(days=90))
        assert len(await store.samples("home", OLD, NOW)) == 33
    assert len(influx.ask('SELECT "energy_import_t1_wh" FROM "sample"', first)) == 31


async def test_an_installation_that_may_make_no_second_database_keeps_its_one(influx: Home) -> None:
    """Who has samples in the first database, and may not make another, goes on as before and is told of it."""
    settings = influx.settings()
    first, second = names(settings)
    async with open_store(settings.model_copy(update={"samples_bucket": first}), NOTHING) as store:
        await store.write(Batch(samples=[sample(NOW, 5)]))
    less = settings.model_copy(update={"token": None, **influx.user(first)})
    with capture_logs() as told:
        async with open_store(less, NOTHING) as store:
            await store.write(Batch(samples=[sample(NOW + timedelta(seconds=1), 6)]))
            assert len(await store.samples("home", NOW, NOW + timedelta(hours=1))) == 2
    assert told[0]["event"].startswith(f"Samples stay in {first}, as {second}")


async def test_killing_the_server_in_mid_write_loses_and_doubles_nothing(influx: Home) -> None:
    """Killed by SIGKILL under writes, which are repeated until they succeed, it has each reading, and once."""
    settings = influx.settings(timeout_s=5)
    samples = list(steady(NOW - timedelta(hours=10), NOW, every_s=10))
    async with open_store(settings, NOTHING) as store:
        for begin in range(0, len(samples), 1201):
            writing = asyncio.create_task(written(store, Batch(samples=samples[begin : begin + 1201])))
            await asyncio.sleep(0)
            await asyncio.to_thread(influx.server.kill)
            await asyncio.to_thread(influx.server.start)
            await writing
        assert await store.samples("home", OLD, NOW) == samples
        assert await total(store) == 3600 * 7
        curve = await store.power("home", NOW - timedelta(days=60), NOW, 10)
        assert sum(one.count for one in curve.bins) == 0
    counted = influx.ask('SELECT sum("count") FROM "quarter"', names(settings)[0])
    assert counted[0][1] == len(samples)


async def written(store: HistoryStore, batch: Batch) -> None:
    while True:
        try:
            return await store.write(batch)
        except StoreUnavailableError:
            await asyncio.sleep(0.02)


async def test_a_server_that_stalls_or_refuses_is_told_and_waited_for(influx: Home) -> None:
    """Silence ends after the timeout; 429 and 503 are left alone for as long as they ask; then all is written."""
    samples = list(steady(NOW - timedelta(hours=1), NOW))
    async with before(influx.server.port) as proxy:
        settings = influx.settings(timeout_s=0.3)
        direct = settings.place(NOTHING)
        settings = settings.model_copy(update={"url": direct.replace(str(influx.server.port), str(proxy.port))})
        async with open_store(settings, NOTHING) as store:
            proxy.answer = SILENCE
            with pytest.raises(StoreUnavailableError, match="start the database"):
                await store.write(Batch(samples=samples[:9]))
            proxy.answer = None
            await written(store, Batch(samples=samples[:9]))
            for status in ("429 Too Many Requests", "503 Service Unavailable"):
                proxy.answer = response(status, "busy", "Retry-After: 1")
                began = time.monotonic()
                with pytest.raises(StoreUnavailableError, match="busy"):
                    await store.write(Batch(samples=samples[9:]))
                proxy.answer = None
                with pytest.raises(StoreUnavailableError, match="asked to be left alone"):
                    await store.write(Batch(samples=samples[9:]))
                await written(store, Batch(samples=samples[9:]))
                assert time.monotonic() - began > 0.9
            assert await total(store) == 420


async def test_vitals_keep_their_types(influx: Home) -> None:
    """A figure's name says whether it is an integer: whole seconds and broken counts come to no conflict."""
    settings = influx.settings()
    async with open_store(settings, NOTHING) as store:
        for n, (uptime, errors) in enumerate([(5, 3), (5.5, 4.0)]):
            figures = {"uptime_s": uptime, "crc_errors": errors}
            at = NOW + timedelta(seconds=n)
            services = [Vital("parser", at, {"lag_s": n, "nothing_s": float("nan")}, instance="parser-1")]
            with capture_logs() as told:
                await store.write(Batch(devices=[Vital("home", at, figures)], services=services))
            assert told == []
        await store.write(Batch(devices=[Vital("home", NOW, {"bad": float("inf")})]))
    second = names(settings)[1]
    asked = 'SELECT "gateway", "crc_errors", "uptime_s" FROM "device"'
    assert [row[1:] for row in influx.ask(asked, second)] == [["home", 3, 5], ["home", 4, 5.5]]
    found = influx.ask('SELECT "service", "instance", "lag_s" FROM "service"', second)
    assert [row[1:] for row in found] == [["parser", "parser-1", 0], ["parser", "parser-1", 1]]


async def test_the_kind_of_an_mbus_meter_is_a_tag(influx: Home) -> None:
    """Series are few: gateway, meter and kind; no value is a tag."""
    settings = influx.settings()
    async with open_store(settings, NOTHING) as store:
        await store.write(Batch(samples=[sample(NOW, 5, power_import_w=7)], mbus=[gas(NOW, 8)]))
    first, second = names(settings)
    assert {row[0] for row in influx.ask('SHOW TAG KEYS FROM "mbus"', first)} == {"gateway", "meter", "kind"}
    assert {row[0] for row in influx.ask('SHOW TAG KEYS FROM "quarter"', first)} == {"gateway", "meter"}
    assert {row[0] for row in influx.ask('SHOW TAG KEYS FROM "sample"', second)} == {"gateway", "meter"}
    assert ["energy_import_t1_wh", "integer"] in influx.ask('SHOW FIELD KEYS FROM "sample"', second)
    assert ["power_import_w", "float"] in influx.ask('SHOW FIELD KEYS FROM "sample"', second)
