"""What people do with it: look at the page, fetch files, type at the terminal."""

import ftplib
import shutil
import socket
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from tests.browser.conftest import ARGUMENTS
from tests.compose.images import ROOT
from tests.compose.project import Project, eventually

PICTURES = ROOT / "artefacts" / "compose"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def test_healthy(project: Project) -> None:
    """Every container is healthy, by a check that asks the service itself."""
    project.wait_healthy(project.services())


async def test_page(project: Project) -> None:
    """Whoever has the password sees the page over TLS in a browser, and the simulated house on it, live."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is missing; get it by: apt install chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        # Chromium trusts authorities of its own; that the certificate is right, the other clients here show.
        page = await browser.new_page(ignore_https_errors=True, locale="en-GB", viewport={"width": 1280, "height": 900})
        await page.goto(f"https://localhost:{project.web_tls}/")
        await page.get_by_label("Password", exact=True).fill(project.secret("web-password"))
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("power-way")).to_be_visible(timeout=20_000)
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / "page.png")
        await browser.close()


def test_wrong_password(project: Project) -> None:
    """A wrong password is refused, and without one nothing can be read."""
    with httpx.Client(base_url=f"https://localhost:{project.web_tls}", verify=project.trust()) as client:
        assert client.post("/api/v1/session", json={"password": "wrong"}).status_code == httpx.codes.UNAUTHORIZED
        assert client.get("/api/v1/meters").status_code == httpx.codes.UNAUTHORIZED


def test_files(project: Project, tmp_path: Path) -> None:
    """A file fetched by FTPS through the published passive ports is, byte for byte, the CSV that REST gives."""
    today = datetime.now(AMSTERDAM)
    name = f"simulator/hours/{today:%Y}/{today:%Y-%m}.csv"
    first = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    span = {"per": "hour", "from": first.isoformat(), "to": (first + timedelta(days=32)).replace(day=1).isoformat()}
    fetched = tmp_path / "fetched.csv"
    with ftplib.FTP_TLS(context=project.trust()) as ftp, project.client() as client:
        ftp.connect("localhost", project.ftp)
        ftp.login("anybody", project.secret("web-password"))
        ftp.prot_p()
        eventually(lambda: name.rpartition("/")[2] in ftp.nlst(name.rpartition("/")[0]) or None, what=name)
        with fetched.open("wb") as file:
            ftp.retrbinary(f"RETR {name}", file.write)
        answer = client.get("/api/v1/meters/simulator/usage.csv", params=span)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert fetched.read_bytes() == answer.content
    assert fetched.read_bytes().count(b"\n") > 1


def test_files_need_the_password(project: Project) -> None:
    """Nobody gets files without the password, nor may send it in the clear where there is TLS."""
    with ftplib.FTP_TLS(context=project.trust()) as ftp:
        ftp.connect("localhost", project.ftp)
        with pytest.raises(ftplib.error_perm):
            ftp.login("anybody", "wrong")
    with ftplib.FTP() as ftp:
        ftp.connect("localhost", project.ftp)
        with pytest.raises(ftplib.error_perm, match=r"TLS|SSL"):
            ftp.login("anybody", project.secret("web-password"))


def test_terminal(project: Project) -> None:
    """At the published port the terminal asks for the password, and shows the house."""
    with socket.create_connection(("localhost", project.telnet), timeout=20) as line:
        for asked, typed in (("user", "anybody"), ("password", project.secret("web-password"))):
            _read_until(line, asked)
            line.sendall(f"{typed}\r\n".encode())
        _read_until(line, "esp01")


def _read_until(line: socket.socket, text: str) -> None:
    said = b""
    while text.encode() not in said:
        part = line.recv(4096)
        assert part, said
        said += part
