"""The files as a part of the whole console."""

import ftplib
from pathlib import Path
from typing import Any

import asyncssh
from meterkast_console.settings import FtpSection, PushSection
from meterkast_store import StoreSettings, open_store

from tests.api.compat.meters import show
from tests.api.houses import house
from tests.brokers import Broker, free_port
from tests.console import decade
from tests.console.consoles import console
from tests.console.served import in_thread


async def test_one_console_gives_the_same_files_by_every_way(mosquitto: Broker, years: Path, tmp_path: Path) -> None:
    """FTP, SFTP beside the terminal, and push: the same bytes, and all is well."""
    there = tmp_path / "there"
    there.mkdir()
    path, port = "home/days/2025.csv", free_port()
    push = PushSection(to=str(there), include=("home/days/*",))
    async with house(mosquitto, open_store(StoreSettings(), years)) as here:
        await show(here, decade.reading())
        url = str(here.client.base_url)
        async with console(url, tmp_path, ssh=True, token=None, ftp=FtpSection(port=port), push=push) as running:

            def fetched(client: ftplib.FTP) -> bytes:
                parts: list[bytes] = []
                client.retrbinary(f"RETR {path}", parts.append)
                return b"".join(parts)

            by_ftp = await in_thread(port, fetched)
            options: dict[str, Any] = {"known_hosts": None, "config": (), "username": "me"}
            async with (
                asyncssh.connect("127.0.0.1", running.ssh, **options) as connection,
                connection.start_sftp_client() as client,
                client.open(path, "rb") as file,
            ):
                by_sftp: str | bytes = await file.read()

            async def pushed() -> bool:
                return (there / path).exists()

            await here.until(pushed)
            assert running.health.message().checks == {
                "telnet": "listening", "ssh": "listening", "ftp": "listening", "push": "listening",
            }  # fmt: skip
    assert [by_sftp, (there / path).read_bytes()] == [by_ftp, by_ftp]
    assert len(by_ftp.splitlines()) > 365
