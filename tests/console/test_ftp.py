"""The files over FTP, by the programs that people have."""

import asyncio
import csv
import ftplib
import io
import json
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path

from meterkast_console.files.directory import Directory
from meterkast_console.files.making import make
from meterkast_console.files.shelf import Shelf
from meterkast_console.files.tree import Tree
from meterkast_console.ftp.service import FtpService
from meterkast_store import StoreSettings, open_store

from tests.api.compat.meters import at_each, show
from tests.api.houses import House, house
from tests.brokers import Broker
from tests.console import decade
from tests.console.served import CLIENTS, Door, ftp, in_thread, run, tree_at

CHANGES = (
    "STOR home/x.csv", "APPE home/months.csv", "DELE home/months.csv", "RMD home/days", "MKD home/x", "STOU",
    "RNFR home/months.csv", "RNTO home/x", "SITE CHMOD 777 home/months.csv", "MFMT 20200101000000 home/months.csv",
    "SITE EXEC ls", "XMKD home/x", "XRMD home/days",
)  # fmt: skip
ASTRAY = (
    "../../../../etc/passwd", "/../etc/passwd", "//etc/passwd", "home/../../etc/passwd", "/etc/passwd",
    "home/..%2f..%2fetc/passwd", "\\..\\..\\etc\\passwd", "home/hours/2026/2026-02.csv/../../../../../etc/passwd",
    "home/nothing", "elsewhere", "~root", "home/\x00", "é",
)  # fmt: skip
MONTH = "home/hours/2026/2026-02.csv"


@asynccontextmanager
async def at_home(broker: Broker, folder: Path) -> AsyncIterator[House]:
    async with house(broker, open_store(StoreSettings(), folder)) as here:
        await show(here, decade.reading())
        yield here


@asynccontextmanager
async def served(broker: Broker, folder: Path, tmp_path: Path) -> AsyncIterator[tuple[House, FtpService]]:
    """A house and the FTP server of its files."""
    async with at_home(broker, folder) as here, tree_at(url_of(here), tmp_path / "shelf") as tree, ftp(tree) as server:
        yield here, server


def url_of(here: House) -> str:
    return str(here.client.base_url)


def bytes_of(client: ftplib.FTP, path: str, rest: int | None = None) -> bytes:
    parts: list[bytes] = []
    client.retrbinary(f"RETR {path}", parts.append, rest=rest)
    return b"".join(parts)


def answer_of(client: ftplib.FTP, command: str) -> str:
    try:
        return client.sendcmd(command)
    except ftplib.Error as error:
        return str(error)


def sums(file: bytes, separator: str = ",", point: str = ".") -> dict[str, Decimal]:
    lines = csv.DictReader(io.StringIO(file.decode(), newline=""), delimiter=separator)
    total: dict[str, Decimal] = {}
    for line in lines:
        for name, cell in line.items():
            if cell and name not in ("from", "to", "hole", "complete"):
                total[name] = total.get(name, Decimal(0)) + Decimal(cell.replace(point, "."))
    return total


async def test_ten_years_of_hours_are_mirrored_once(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """Lftp fetches 121 months whose sum is what the dial moved; a second time it fetches nothing."""
    async with served(mosquitto, years, tmp_path) as (_, server):
        mirror = f"open ftp://127.0.0.1:{server.port}; mirror -v --parallel=4 home/hours {tmp_path}/hours"
        first = await run("lftp", "-c", mirror, cwd=tmp_path)
        assert first.code == 0, first.err
        files = sorted((tmp_path / "hours").rglob("*.csv"))
        again = await run("lftp", "-c", mirror, cwd=tmp_path)
    assert len(files) == 121
    total = sums(b"".join(file.read_bytes() if file is files[0] else _body(file) for file in files))
    last = len(decade.TIMES) - 1
    assert total["energy_import_t2_kwh"] == Decimal(11 * last) / 1000
    assert total["gas_m3"] == Decimal(13 * last) / 1000
    assert "Transferring" in first.out
    assert (again.code, again.out) == (0, "")


def _body(file: Path) -> bytes:
    return file.read_bytes().partition(b"\r\n")[2]


async def test_a_mirror_fetches_only_what_has_changed(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """After a reading of the next day wget fetches the running month and year, and nothing that is over."""
    now = [0.0]
    copied = tmp_path / "history"
    await asyncio.to_thread(shutil.copytree, years, copied)
    async with (
        at_home(mosquitto, copied) as here,
        tree_at(url_of(here), tmp_path / "shelf", clock=lambda: now[0]) as tree,
        ftp(tree) as server,
    ):
        address = f"ftp://127.0.0.1:{server.port}"

        async def mirrored() -> set[str]:
            """Names of the files that were fetched."""
            before = _times(tmp_path)
            folders = [f"{address}/home/{name}/" for name in ("days", "hours/2025", "hours/2026")]
            ran = await run("wget", "-nv", "-nH", "--mirror", "--no-parent", *folders, cwd=tmp_path)
            assert ran.code == 0, ran.err
            return {path for path, at in _times(tmp_path).items() if before.get(path) != at}

        assert len(await mirrored()) == 26
        assert await mirrored() == set()
        index = len(decade.TIMES)
        later = at_each([decade.NEWEST + decade.DAY], lambda _: decade.registers(index))
        async with open_store(StoreSettings(), copied) as store:
            await store.write(later)
        now[0] += 3600
        assert await mirrored() == {"home/days/2026.csv", "home/hours/2026/2026-03.csv"}


def _times(folder: Path) -> dict[str, tuple[int, int]]:
    files = (folder / "home").rglob("*.csv")
    return {str(file.relative_to(folder)): (file.stat().st_ino, file.stat().st_ctime_ns) for file in files}


async def test_a_month_is_what_rest_and_the_dial_say(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """Its hours add up to the API's total and to what the dials moved, in both dialects, for every register."""
    async with served(mosquitto, years, tmp_path) as (here, server):
        plain = (await run("curl", "-sS", f"ftp://127.0.0.1:{server.port}/{MONTH}")).out.encode()
        dutch_path = MONTH.replace("home/", "home/excel-nl/")
        dutch = (await run("curl", "-sS", f"ftp://127.0.0.1:{server.port}/{dutch_path}")).out.encode()
        span = {"per": "hour", "from": "2026-02-01", "to": "2026-03-01"}
        rest = json.loads((await here.get("/api/v1/meters/home/usage", **span)).content, parse_float=Decimal)
        dials = json.loads(
            (await here.get("/api/v1/meters/home/dials", per="month", count="2")).content, parse_float=Decimal
        )
        at_end = dials["rows"][0]
    begin, end = (decade.TIMES.index(datetime(2026, month, 1, tzinfo=decade.HERE)) for month in (2, 3))
    assert sums(plain) == sums(dutch, ";", ",") == rest["total"]
    assert sums(plain)["energy_import_t1_kwh"] == Decimal(7 * (end - begin)) / 1000
    for name, field in (
        ("energy_import_t1_kwh", "energy_import_t1_wh"),
        ("energy_export_t2_kwh", "energy_export_t2_wh"),
    ):
        assert at_end[name] * 1000 == decade.registers(end)[field]
        assert sums(plain)[name] * 1000 == decade.registers(end)[field] - decade.registers(begin)[field]
    assert b";" in dutch.splitlines()[0]
    assert b"energy_import_t1_kwh" in plain.splitlines()[0]


async def test_size_time_and_bytes_agree(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """For every file of the tree: SIZE, MDTM, MLSD and LIST say what RETR gives, and what the folders hold is all."""

    def walk(client: ftplib.FTP) -> int:
        found, folders = 0, ["/home", "/home/samples", "/home/hours/2026", "/home/excel-nl", "/home/days"]
        for folder in folders:
            lines: list[str] = []
            client.cwd(folder)
            client.retrlines("LIST", lines.append)
            listed = {line.split()[-1]: line.split() for line in lines}
            entries = list(client.mlsd(folder))
            client.voidcmd("TYPE I")
            for name, facts in entries:
                if facts["type"] != "file":
                    continue
                found += 1
                size, modified = client.size(name), client.sendcmd(f"MDTM {name}")[4:]
                assert (str(size), modified) == (facts["size"], facts["modify"]), name
                assert listed[name][4] == facts["size"]
                assert listed[name][0] == "-r--r--r--"
                assert len(bytes_of(client, name)) == size
        return found

    async with served(mosquitto, years, tmp_path) as (_, server):
        assert await in_thread(server.port or 0, walk) > 60


async def test_the_newest_and_the_loggers_files_are_there(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """What came last as JSON and as telegram, events, samples that any gzip reads, and tables of old."""
    async with served(mosquitto, years, tmp_path) as (here, server):
        await here.publish("dsmr/home/telegram", b"/MTK5\r\n\r\n!0000\r\n")
        await here.until_found("/api/v1/meters/home/telegram")
        address = f"ftp://127.0.0.1:{server.port}/home"
        assert json.loads((await run("curl", "-sS", f"{address}/latest.json")).out)["meter_id"] == "E1"
        assert (await run("curl", "-sS", f"{address}/telegram.txt")).out == "/MTK5\r\n\r\n!0000\r\n"
        assert '"He said ""now"", twice."' in (await run("curl", "-sS", f"{address}/events.csv")).out
        assert (await run("curl", "-sS", f"{address}/PRDhours.csv")).out.startswith(
            "HR; Energy Del; Energy Ret;    Gas"
        )
        day = tmp_path / "day.csv.gz"
        await run("curl", "-sS", f"{address}/samples/2026-03-09.csv.gz", "-o", day)
        assert len((await run("gzip", "-dc", day)).out.splitlines()) == 1 + 96
        assert day.read_bytes()[4:8] == bytes(4)


async def test_a_broken_download_is_gone_on_with(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """REST gives the rest of the file, to curl and to lftp; what lies beyond its end is refused."""
    async with served(mosquitto, years, tmp_path) as (_, server):
        port = server.port or 0
        whole = await in_thread(port, lambda client: bytes_of(client, MONTH))
        assert await in_thread(port, lambda client: bytes_of(client, MONTH, 5000)) == whole[5000:]
        refused = await in_thread(port, lambda client: _beyond(client, len(whole) + 1))
        assert refused.startswith("554")
        for number, command in enumerate(
            (["curl", "-sS", "-C", "-", "-o", "{file}", "{url}"], ["lftp", "-c", "get -c {url} -o {file}"])
        ):
            half = tmp_path / f"half{number}.csv"
            half.write_bytes(whole[:7000])
            given = [one.format(file=half, url=f"ftp://127.0.0.1:{port}/{MONTH}") for one in command]
            ran = await run(*given, cwd=tmp_path)
            assert ran.code == 0, ran.err
            assert half.read_bytes() == whole


def _beyond(client: ftplib.FTP, rest: int) -> str:
    try:
        bytes_of(client, MONTH, rest)
    except ftplib.Error as error:
        return str(error)
    return "given"


async def test_nothing_can_be_changed(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """Each command that would change something is refused, and everything is as before."""
    async with served(mosquitto, years, tmp_path) as (_, server):

        def tried(client: ftplib.FTP) -> tuple[dict[str, str], list[str], list[str]]:
            before = client.nlst("home")
            answers = {}
            for command in CHANGES:
                client.makepasv()
                answers[command] = answer_of(client, command)
            return answers, before, client.nlst("home")

        answers, before, after = await in_thread(server.port or 0, tried)
    assert [command for command, answer in answers.items() if answer[0] not in "45"] == []
    assert before == after


async def test_no_path_leaves_the_tree(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """Whatever its dots and slashes, a path leads to a file of the tree or to none."""
    async with served(mosquitto, years, tmp_path) as (_, server):

        def tried(client: ftplib.FTP) -> set[str]:
            client.voidcmd("TYPE I")
            client.makepasv()
            looks = ("RETR", "SIZE", "MDTM", "CWD", "MLST", "LIST", "NLST", "STAT")
            return {answer_of(client, f"{look} {path}")[:3] for look in looks for path in ASTRAY}

        assert await in_thread(server.port or 0, tried) == {"550"}


async def test_the_api_may_go_and_come_back(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """While it is away what was made is given, all else is `try again`; lftp, which does, ends with every file."""
    async with (
        at_home(mosquitto, years) as here,
        Door(here.service.port or 0) as door,
        tree_at(door.url, tmp_path / "shelf") as tree,
        ftp(tree) as server,
    ):
        port = server.port or 0
        whole = await in_thread(port, lambda client: bytes_of(client, MONTH))
        door.shut()
        assert await in_thread(port, lambda client: bytes_of(client, MONTH)) == whole
        answer = await in_thread(port, lambda client: _retrieved(client, "home/days/2020.csv"))
        assert answer.startswith("450 the API at http://127.0.0.1")
        settings = "set net:max-retries 20; set net:reconnect-interval-base 0.2; set net:reconnect-interval-max 0.5"
        mirror = f"{settings}; open ftp://127.0.0.1:{port}; mirror home/days {tmp_path}/days"
        mirroring = asyncio.create_task(run("lftp", "-c", mirror, cwd=tmp_path))
        knocked = door.knocks
        async with asyncio.timeout(20):
            while door.knocks < knocked + 2:  # noqa: ASYNC110 - a condition of another process
                await asyncio.sleep(0.01)
        door.is_open = True
        ran = await mirroring
    assert ran.code == 0, ran.err
    assert len(list((tmp_path / "days").glob("*.csv"))) == 11


def _retrieved(client: ftplib.FTP, path: str) -> str:
    client.voidcmd("TYPE I")
    client.makepasv()
    return answer_of(client, f"RETR {path}")


async def test_many_at_once_share_few_ports(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """Forty sessions over ten passive ports all get the whole file."""
    first = 42_000 + (mosquitto.port % 1000) * 10
    async with (
        at_home(mosquitto, years) as here,
        tree_at(url_of(here), tmp_path / "shelf") as tree,
        ftp(tree, passive_ports=f"{first}-{first + 9}", max_sessions_per_address=50) as server,
    ):
        gets = [in_thread(server.port or 0, lambda client: bytes_of(client, MONTH)) for _ in range(40)]
        files = await asyncio.gather(*gets)
    assert len(set(files)) == 1
    assert len(files[0]) > 60_000


async def test_a_file_that_takes_long_holds_up_nobody(tmp_path: Path) -> None:
    """While one session waits for a file, another lists, and a third that asks for the same gets it with the first."""
    slow = SlowApi()
    async with tree_of(slow, tmp_path) as tree, ftp(tree) as server:
        port = server.port or 0
        waiting = [asyncio.create_task(in_thread(port, lambda c: bytes_of(c, "home/months.csv"))) for _ in range(2)]
        await slow.asked.wait()
        names = await in_thread(port, lambda client: client.nlst("/"))
        assert names == ["home"]
        assert not any(one.done() for one in waiting)
        slow.go.set()
        assert await asyncio.gather(*waiting) == [b"slow", b"slow"]
    assert slow.times == 1


async def test_clients_that_never_read_hold_up_nobody(tmp_path: Path) -> None:
    """Ten ask for a large file and take none of it; an eleventh gets all of it."""
    large = SlowApi(b"x" * (32 << 20))
    large.go.set()
    async with tree_of(large, tmp_path) as tree, ftp(tree) as server:
        port = server.port or 0

        def stuck() -> tuple[ftplib.FTP, socket.socket]:
            client = ftplib.FTP(timeout=20)
            client.connect("127.0.0.1", port)
            client.login()
            return client, client.transfercmd("RETR home/months.csv")

        asking = [asyncio.get_running_loop().run_in_executor(CLIENTS, stuck) for _ in range(10)]
        stuck_ones = await asyncio.gather(*asking)
        given = await in_thread(port, lambda client: len(bytes_of(client, "home/months.csv")))
        for client, data in stuck_ones:
            data.close()
            client.close()
    assert given == 32 << 20


async def test_a_listing_that_takes_too_long_says_so(tmp_path: Path) -> None:
    """It is `try again`, never a listing without sizes; meanwhile the files are made, and then it is there."""
    slow = SlowApi()
    async with tree_of(slow, tmp_path, patience_s=0.05) as tree, ftp(tree) as server:
        port = server.port or 0
        answer = await in_thread(port, lambda client: _listed(client, "home/days"))
        assert answer.startswith("450 files are being made, 0 of 1 are ready")
        slow.go.set()
        async with asyncio.timeout(10):
            while (answer := await in_thread(port, lambda client: _listed(client, "home/days"))).startswith("450"):
                pass
    assert "2026.csv" in answer


def _listed(client: ftplib.FTP, folder: str) -> str:
    try:
        return " ".join(name for name, _ in client.mlsd(folder))
    except ftplib.Error as error:
        return str(error)


class SlowApi:
    """An API whose files come when the test says so."""

    def __init__(self, file: bytes = b"slow") -> None:
        self.file = file
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self.times = 0

    async def json(self, path: str, query: object = None) -> object:
        del query
        if path.endswith("/meters"):
            return [{"gateway": "home"}]
        return {"gateway": "home", "timezone": "UTC", "from": "2026-02-01T00:00:00Z", "to": "2026-02-03T00:00:00Z"}

    @asynccontextmanager
    async def download(self, path: str, query: object = None) -> AsyncIterator[AsyncIterator[bytes]]:
        del path, query
        self.times += 1
        self.asked.set()
        await self.go.wait()

        async def pieces() -> AsyncIterator[bytes]:
            yield self.file

        yield pieces()


@asynccontextmanager
async def tree_of(api: SlowApi, folder: Path, *, patience_s: float = 10) -> AsyncIterator[Tree]:
    shelf = Shelf(folder, partial(make, api), most_bytes=1 << 20)
    tree = Tree(Directory(api), shelf, patience_s=patience_s)
    try:
        yield tree
    finally:
        await tree.close()
