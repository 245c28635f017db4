"""Files sent on schedule: to a folder, by FTP, FTPS and SFTP."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from meterkast_console.files.directory import Directory
from meterkast_console.files.making import make
from meterkast_console.files.shelf import Shelf
from meterkast_console.files.tree import Tree
from meterkast_console.push.command import push
from meterkast_console.push.destination import Address
from meterkast_console.push.errors import PushError
from meterkast_console.push.pusher import Pusher
from meterkast_console.push.service import PushService, pusher_of
from meterkast_console.settings import ConsoleSection, ConsoleSettings, PushSection
from meterkast_runtime.backoff import Backoff
from meterkast_runtime.health import Health
from meterkast_store import StoreSettings, open_store
from pydantic import SecretStr

from tests.api.compat.meters import show
from tests.api.houses import house
from tests.brokers import Broker
from tests.console import decade
from tests.console.certificates import certificate
from tests.console.push_servers import PASSWORD, USER, ftp_receiver, sftp_receiver, sshd, vsftpd
from tests.console.served import run, up

DAYS = [f"days/{year}.csv" for year in range(2016, 2027)]


def numbered(size: int) -> bytes:
    """So many bytes, no two lines of them alike."""
    return b"".join(b"%08d\n" % number for number in range(size // 9 + 1))[:size]


@dataclass
class Years:
    """An API that has a file for each year, of a size, which knows how far it reaches."""

    until: str = "2026-03-10T12:00:00Z"
    size: int = 1000
    asked: list[str] = field(default_factory=list)

    async def json(self, path: str, query: object = None) -> object:
        del query
        if path.endswith("/meters"):
            return [{"gateway": "home"}]
        return {"gateway": "home", "timezone": "Europe/Amsterdam", "from": "2024-01-01T00:00:00Z", "to": self.until}

    @asynccontextmanager
    async def download(self, path: str, query: Any = None) -> AsyncIterator[AsyncIterator[bytes]]:
        del path
        self.asked.append(f"{query['per']} {query['from']}")

        async def pieces() -> AsyncIterator[bytes]:
            yield numbered(self.size)

        yield pieces()


@dataclass
class Nobody(Years):
    """The same in its first seconds: the first answer knows no gateway."""

    began: bool = False

    async def json(self, path: str, query: object = None) -> object:
        if not self.began:
            self.began = True
            return []
        return await super().json(path, query)


@asynccontextmanager
async def pushing(
    api: Years, folder: Path, to: str, *, clock: Callable[[], float] | None = None, **section: Any
) -> AsyncIterator[Pusher]:
    """A pusher of the days of three years."""
    shelf = Shelf(folder / "shelf", partial(make, api), most_bytes=1 << 30)
    tree = Tree(Directory(api, clock=clock or iter(range(0, 10**6, 60)).__next__), shelf)
    given = {"include": ("home/days/*",), "password": SecretStr(PASSWORD), **section}
    try:
        yield pusher_of(PushSection(to=to, **given), tree, folder)
    finally:
        await tree.close()


async def listening(port: int) -> None:
    """Wait until somebody listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.01)
            else:
                writer.close()
                return


def lying(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_size for file in folder.rglob("*") if file.is_file()}


def mended(folder: Path) -> list[int]:
    return [int(file.stat().st_mtime) for file in sorted(folder.rglob("*.csv"))]


THREE = {f"home/days/{year}.csv": 1000 for year in (2024, 2025, 2026)}
TIMES = [1735686000 + 3600, 1767222000 + 3600, 1773144000]
"""An hour after the ends of 2024 and 2025, and the newest reading."""


@asynccontextmanager
async def destination(kind: str, folder: Path) -> AsyncIterator[tuple[str, Path, dict[str, Any]]]:
    """A server of each kind: its URL, where its files lie, and the settings that it needs."""
    there = folder / "there"
    there.mkdir()
    if kind == "folder":
        yield str(there), there, {}
    elif kind == "vsftpd":
        with vsftpd(certificate(folder)) as (port, root):
            await listening(port)
            yield f"ftps://anonymous@localhost:{port}/meter", root, {"ca": folder / "cert.pem"}
    elif kind in ("sftp", "openssh"):
        async with (sftp_receiver if kind == "sftp" else sshd)(folder) as server:
            url = f"sftp://{server.user}@127.0.0.1:{server.port}/{there}"
            yield url, there, {"key": server.key, "known_hosts": server.known_hosts, "password": None}
    else:
        files = certificate(folder) if kind == "ftps" else None
        with ftp_receiver(there, files) as receiver:
            yield f"{kind}://{USER}@localhost:{receiver.port}/meter", there / "meter", {"ca": files and files[0]}


@pytest.mark.parametrize("kind", ["folder", "ftp", "ftps", "vsftpd", "sftp", "openssh"])
async def test_only_what_has_changed_is_sent(tmp_path: Path, kind: str) -> None:
    """All at first, with their times; nothing again; after a reading the running year in the old one's place."""
    api = Years()
    async with destination(kind, tmp_path) as (url, there, settings), pushing(api, tmp_path, url, **settings) as pusher:
        first = await pusher.push()
        assert (first.files, first.bytes, first.unchanged) == (3, 3000, 0)
        assert lying(there) == THREE
        assert mended(there) == TIMES
        again = await pusher.push()
        assert (again.files, again.unchanged) == (0, 3)
        api.until, api.size = "2026-03-10T12:01:00Z", 1009
        changed = await pusher.push()
        assert (changed.files, changed.bytes) == (1, 1009)
        assert lying(there) == THREE | {"home/days/2026.csv": 1009}


async def test_what_was_sent_is_known_after_a_restart_and_only_there(tmp_path: Path) -> None:
    """Another destination gets everything."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    for name, files in (("one", 3), ("one", 0), ("two", 3)):
        async with pushing(Years(), tmp_path, str(tmp_path / name)) as pusher:
            assert (await pusher.push()).files == files
    (tmp_path / "console-push.json").write_text("broken")
    async with pushing(Years(), tmp_path, str(tmp_path / "two")) as pusher:
        assert (await pusher.push()).files == 3


async def test_a_broken_transfer_is_gone_on_with(tmp_path: Path) -> None:
    """The server hangs up in the middle: nothing stands under the final name, and only the rest is sent later."""
    api = Years(size=3_000_000)
    there = tmp_path / "there"
    there.mkdir()
    with ftp_receiver(there) as receiver:
        url = f"ftp://{USER}@127.0.0.1:{receiver.port}"
        async with pushing(api, tmp_path, url, include=("home/days/2024.csv",)) as pusher:
            receiver.cut_after = 1_000_000
            with pytest.raises(PushError, match="files cannot be sent to ftp://me@127"):
                await pusher.push()
            (half,) = lying(there)
            assert half == "home/days/2024.csv.part"
            before = lying(there)[half]
            assert before >= 1_000_000
            done = await pusher.push()
        assert done.bytes == 3_000_000 - before
        assert f"REST {before}" in receiver.commands
    assert lying(there) == {"home/days/2024.csv": 3_000_000}
    assert (there / "home/days/2024.csv").read_bytes() == numbered(3_000_000)


async def test_a_half_file_of_another_version_is_written_anew(tmp_path: Path) -> None:
    """What changed while it could not be sent is not put together from two versions."""
    there = tmp_path / "there"
    (there / "home/days").mkdir(parents=True)
    (there / "home/days/2026.csv.part").write_bytes(b"x" * 500)
    (tmp_path / "console-push.json").write_text(
        json.dumps({"destination": str(there), "whole": {}, "half": {"home/days/2026.csv": "older"}})
    )
    async with pushing(Years(), tmp_path, str(there), include=("*/2026.csv",), exclude=("*/hours/*",)) as pusher:
        await pusher.push()
    assert b"x" not in (there / "home/days/2026.csv").read_bytes()


@pytest.mark.parametrize(
    ("to", "settings", "words"),
    [
        ("{folder}/absent", {}, "there is no such folder. *[mM]ake it, or mount"),
        ("ftp://me@127.0.0.1:{closed}/x", {}, "Connection refused.*see whether the server runs"),
        ("sftp://me@127.0.0.1:{closed}/x", {}, "refused|failed.*see whether the server runs"),
        ("ftp://me@127.0.0.1:{ftp}/x", {"password": SecretStr("wrong")}, "530 .*see the user"),
        ("ftps://me@localhost:{ftps}/x", {}, "its certificate is not trusted.*set ca"),
        ("ftps://me@localhost:{ftps}/x", {"ca": Path("/nonexistent.pem")}, "is no certificate"),
        ("sftp://me@127.0.0.1:{ssh}/x", {"known_hosts": Path("/dev/null")}, "its host key is not known.*ssh-keyscan"),
        ("sftp://me@127.0.0.1:{ssh}/x", {"known_hosts": None}, "it does not let us in.*password or key"),
    ],
)
async def test_what_goes_wrong_is_one_sentence_with_what_to_do(
    tmp_path: Path, to: str, settings: dict[str, Any], words: str
) -> None:
    """Each way of failing names the destination, the reason, and the way out."""
    there = tmp_path / "there"
    there.mkdir()
    names = {"folder": tmp_path, "closed": 1, "ftp": 0, "ftps": 0, "ssh": 0}
    async with sftp_receiver(tmp_path) as server:
        names["ssh"] = server.port
        if "known_hosts" in settings and settings["known_hosts"] is None:
            settings = {"known_hosts": server.known_hosts}
        with ftp_receiver(there) as plain, ftp_receiver(there, certificate(tmp_path)) as tls:
            names |= {"ftp": plain.port, "ftps": tls.port}
            async with pushing(Years(), tmp_path, to.format(**names), **settings) as pusher:
                with pytest.raises(PushError, match=f"(?s)files cannot be sent to .*{words}"):
                    await pusher.push()
    assert lying(there) == {}


async def test_a_folder_that_comes_back_gets_what_it_missed(tmp_path: Path) -> None:
    """The service tries again by itself; health says meanwhile what is wrong, and then that all is well."""
    there, health = tmp_path / "there", Health("console", "main")
    async with pushing(Years(), tmp_path, str(there)) as pusher:
        service = PushService(pusher, health, every_s=3600, backoff=Backoff(0.01, 0.05))
        async with up(service), asyncio.timeout(10):
            while "no such folder" not in (health.message().detail or ""):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            there.mkdir()
            while lying(there) != THREE:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            while health.message().detail:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_the_command_sends_once(
    mosquitto: Broker, years: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`meterkast-console push --once` sends, says what it did, and ends; what it cannot do it says as an error."""
    there = tmp_path / "there"
    there.mkdir()
    async with house(mosquitto, open_store(StoreSettings(), years)) as here:
        await show(here, decade.reading())
        (tmp_path / "meterkast.toml").write_text(
            f'data_dir = "{tmp_path}"\n[console]\napi = "{here.client.base_url}"\n'
            f'[console.push]\nto = "{there}"\ninclude = ["*/days/*", "*.json"]\nexclude = ["*/excel-nl/*"]\n'
        )
        ran = await run(str(Path(sys.executable).with_name("meterkast-console")), "push", "--once", cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.startswith("12 files sent, ")
        assert set(lying(there)) == {f"home/{name}" for name in (*DAYS, "latest.json")}
        section = PushSection(to=str(there), include=("*/days/*", "*.json"), exclude=("*/excel-nl/*",))
        console = ConsoleSection(api=str(here.client.base_url), push=section)
        settings = ConsoleSettings(data_dir=tmp_path, console=console)
        assert await asyncio.to_thread(push, settings, everything=False) == 0
        assert await asyncio.to_thread(push, settings, everything=True) == 0
        out = capsys.readouterr().out
        assert "0 files sent, 0 bytes; 12 had not changed\n12 files sent, " in out
    assert await asyncio.to_thread(push, settings, everything=False) == 1
    assert "the API at http://127.0.0.1" in capsys.readouterr().err
    assert await asyncio.to_thread(push, ConsoleSettings(), everything=False) == 2
    assert capsys.readouterr().err == "There is no destination: set to in the section [console.push].\n"


@pytest.mark.parametrize(
    ("text", "written", "path"),
    [
        ("/mnt/nas", "/mnt/nas", "/mnt/nas/a.csv"),
        ("file:///mnt/nas/", "/mnt/nas/", "/mnt/nas/a.csv"),
        ("ftp://nas", "ftp://nas/", "a.csv"),
        ("ftps://me@nas:2121/meter", "ftps://me@nas:2121/meter", "meter/a.csv"),
        ("sftp://me@nas//srv/meter", "sftp://me@nas//srv/meter", "/srv/meter/a.csv"),
    ],
)
def test_an_address_is_read_as_it_is_written(text: str, written: str, path: str) -> None:
    """One slash is the folder of the login, two are the server's root."""
    assert str(Address.of(text)) == written
    assert Address.of(text).beneath("a.csv") == path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("http://nas/x", "no destination"),
        ("ftp://me:secret@nas/", "set password beside it"),
        ("sftp:///x", "no server"),
    ],
)
def test_an_address_that_is_none_is_refused(text: str, words: str) -> None:
    """With what to write instead."""
    with pytest.raises(ValueError, match=words):
        PushSection(to=text)


async def test_a_house_that_has_nothing_yet_is_asked_again_soon(tmp_path: Path) -> None:
    """In the first seconds after a start there is no gateway; the first files do not wait for the next hour."""
    there = tmp_path / "there"
    there.mkdir()
    async with pushing(Nobody(), tmp_path, str(there), clock=lambda: 0.0) as pusher:
        assert str(await pusher.push()) == "0 files sent, 0 bytes; 0 had not changed"
        assert (await pusher.push()).files == 3
