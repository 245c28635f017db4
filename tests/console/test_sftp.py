"""The files over SFTP, by OpenSSH's client and by one that tries everything."""

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from asyncssh import SFTPServer
from meterkast_console.sftp import TreeSftp, sftp_factory
from meterkast_store import StoreSettings, open_store

from tests.api.compat.meters import show
from tests.api.houses import house
from tests.brokers import Broker
from tests.console import decade
from tests.console.served import run, tree_at

ASTRAY = ("../../etc/passwd", "/etc/passwd", "home/../../../etc/passwd", "//etc/passwd", "home/nothing", b"\xff")
MONTH = "home/hours/2026/2026-02.csv"
INSIDE = {"channel", "connection", "env", "logger", "convert_attrs", "format_longname"}
"""What a session has for itself, and what writes a line of a listing."""


@asynccontextmanager
async def served(broker: Broker, years: Path, folder: Path) -> AsyncIterator[tuple[Any, int]]:
    """A house, and the port of an SSH server that gives its files to everybody."""
    async with house(broker, open_store(StoreSettings(), years)) as here:
        await show(here, decade.reading())
        async with tree_at(str(here.client.base_url), folder / "shelf") as tree:
            key = asyncssh.generate_private_key("ssh-ed25519")
            server = await asyncssh.listen(
                "127.0.0.1", 0, server_host_keys=[key], server_factory=Anybody, sftp_factory=sftp_factory(tree)
            )
            try:
                yield here, server.get_port()
            finally:
                server.close()
                await server.wait_closed()


class Anybody(asyncssh.SSHServer):
    """Lets everybody in."""

    def begin_auth(self, username: str) -> bool:
        del username
        return False


async def test_openssh_lists_fetches_and_goes_on(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """`ls -l`, a whole folder with its times, and a download that was broken off."""
    async with served(mosquitto, years, tmp_path) as (here, port):
        february = {"per": "hour", "from": "2026-02-01", "to": "2026-03-01"}
        whole = await here.get("/api/v1/meters/home/usage.csv", **february)
        half = tmp_path / "half.csv"
        half.write_bytes(whole.content[:7000])
        orders = f"ls -l home/hours/2026\nget -rp home/days\nreget {MONTH} half.csv\n"
        options = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={tmp_path}/known", "LogLevel=ERROR"]
        given = [part for option in options for part in ("-o", option)]
        ran = await run("sftp", "-b", "-", *given, "-P", str(port), "me@127.0.0.1", cwd=tmp_path, stdin=orders.encode())
    assert ran.code == 0, ran.err
    assert f"meterkast meterkast {len(whole.content):>8} Mar  1  2026 2026-02.csv" in ran.out
    assert half.read_bytes() == whole.content
    fetched = sorted((tmp_path / "days").iterdir())
    assert [file.name for file in fetched] == [f"{year}.csv" for year in range(2016, 2027)]
    assert fetched[0].stat().st_mtime == 1_483_228_800


async def test_nothing_can_be_changed_and_no_path_leaves(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """Each request that would change something is refused, and what lies outside is not there."""
    async with (
        served(mosquitto, years, tmp_path) as (_, port),
        asyncssh.connect("127.0.0.1", port, known_hosts=None, config=(), username="me") as connection,
        connection.start_sftp_client() as client,
    ):
        before = sorted(await client.listdir("home"))
        for refused in (
            client.open("home/x.csv", "w"),
            client.open("home/months.csv", "a"),
            client.open("home/months.csv", "r+"),
            client.remove("home/months.csv"),
            client.mkdir("home/x"),
            client.rmdir("home/days"),
            client.rename("home/months.csv", "home/x.csv"),
            client.posix_rename("home/months.csv", "home/x.csv"),
            client.symlink("/etc/passwd", "home/x"),
            client.link("home/months.csv", "home/x"),
            client.truncate("home/months.csv", 1),
            client.utime("home/months.csv", (1, 1)),
            client.chmod("home/months.csv", 0o777),
            client.statvfs("/"),
        ):
            with pytest.raises((asyncssh.SFTPPermissionDenied, asyncssh.SFTPOpUnsupported)):
                await refused
        for path in (
            "../../etc/passwd",
            "/etc/passwd",
            "home/../../../etc/passwd",
            "//etc/passwd",
            "home/nothing",
            b"\xff",
        ):
            assert not await client.exists(path), path
        assert await client.realpath("home/../../..") == "/"
        with pytest.raises(asyncssh.SFTPFailure, match="is a folder"):
            await client.open("home/days", "r")
        assert sorted(await client.listdir("home")) == before


def test_nothing_of_this_computer_s_own_files_is_reached() -> None:
    """The library's server gives and changes local files wherever a method is not replaced: all of them are."""
    methods = {name for name, _ in inspect.getmembers(SFTPServer) if not name.startswith("_")}
    left = {name for name in methods if getattr(TreeSftp, name) is getattr(SFTPServer, name)}
    assert left == INSIDE
