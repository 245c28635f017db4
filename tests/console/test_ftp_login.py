"""Who may come to the files over FTP."""

import asyncio
import ftplib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from meterkast_console.admission import Admission
from meterkast_console.ftp.service import FtpService
from meterkast_console.rest import Api, Pass, Pool
from meterkast_console.settings import ConsoleSection, FtpSection
from meterkast_runtime.errors import StartError
from pydantic import SecretStr, ValidationError

from tests.api.houses import TOPICS, House, house
from tests.brokers import Broker
from tests.console.certificates import certificate
from tests.console.served import in_thread, run, tree_at, up

PASSWORD = "correct horse battery"


class Beyond(FtpSection):
    """A section as if it listened beyond loopback."""

    @property
    def loopback(self) -> bool:
        return False


@asynccontextmanager
async def guarded(broker: Broker, folder: Path, **section: Any) -> AsyncIterator[tuple[House, FtpService]]:
    """An API with a password, and an FTP server that asks for it."""
    async with (
        house(broker, password=SecretStr(PASSWORD)) as here,
        Pool(str(here.client.base_url)) as pool,
        tree_at(str(here.client.base_url), folder) as tree,
    ):
        service = FtpService(Beyond(port=0, **section), tree, Admission(Api(pool, Pass())).check)
        async with up(service):
            yield here, service


async def login(service: FtpService, password: str) -> str:
    """What the server says to a login, `in` where it lets in."""

    def tried(client: ftplib.FTP) -> str:
        try:
            client.login("me", password)
            client.nlst("/")
        except ftplib.Error as error:
            return str(error)
        return "in"

    return await in_thread(service.port or 0, tried, login=False)


async def test_the_password_of_the_page_lets_in(mosquitto: Broker, tmp_path: Path) -> None:
    """Any name with the right password; no other, and no session of the API is left behind."""
    async with guarded(mosquitto, tmp_path) as (here, server):
        answers = [await login(server, word) for word in (PASSWORD, "wrong", "")]
        assert answers[0] == "in"
        assert answers[1].startswith("530 This is not the password")
        assert answers[2].startswith("530")
        audit = await here.get("/api/v1/audit")
    assert audit.status_code == 401


async def test_attempts_are_limited_by_whence_they_come(mosquitto: Broker, tmp_path: Path) -> None:
    """After a handful of wrong ones the right one has to wait too, whichever connection it comes by."""
    async with guarded(mosquitto, tmp_path) as (_, server):
        guesses = [login(server, f"guess {number}") for number in range(6)]
        await asyncio.gather(*guesses)
        answer = await login(server, PASSWORD)
    assert answer.startswith("530 Too many wrong attempts: wait")


async def test_nothing_is_given_before_the_login(mosquitto: Broker, tmp_path: Path) -> None:
    """Not a name, not a listing, not a file."""
    async with guarded(mosquitto, tmp_path) as (_, server):

        def tried(client: ftplib.FTP) -> set[str]:
            client.sendcmd("USER me")
            answers = set()
            for command in ("LIST", "RETR home/months.csv", "MLST /", "PASV", "CWD /", "STAT /", "SIZE x"):
                try:
                    answers.add(client.sendcmd(command)[:3])
                except ftplib.Error as error:
                    answers.add(str(error)[:3])
            return answers

        assert await in_thread(server.port or 0, tried, login=False) == {"530"}


async def test_without_the_api_nobody_is_let_in(mosquitto: Broker, tmp_path: Path) -> None:
    """It says so and hangs up; that is no wrong password."""
    async with guarded(mosquitto, tmp_path) as (here, server):
        await here.stop()
        answer = await login(server, PASSWORD)
    assert answer.startswith("421 the API at http://127.0.0.1")


async def test_beyond_loopback_a_certificate_asks_for_tls(mosquitto: Broker, tmp_path: Path) -> None:
    """The password is not taken in the open; over TLS it is, and the files come over TLS as well."""
    cert, key = certificate(tmp_path)
    async with guarded(mosquitto, tmp_path / "shelf", certificate=cert, key=key) as (here, server):
        port = server.port or 0
        await here.publish(TOPICS.status("home"), b"online", retain=True)
        plain = await login(server, PASSWORD)
        assert plain.startswith("550 SSL/TLS required")

        def over_tls() -> list[str]:
            context = ssl.create_default_context(cafile=str(cert))
            with ftplib.FTP_TLS(timeout=20, context=context) as client:
                client.connect("localhost", port)
                client.login("me", PASSWORD)
                client.prot_p()
                return client.nlst("/")

        assert await asyncio.to_thread(over_tls) == ["home"]
        user = f"me:{PASSWORD}"
        ran = await run("curl", "-sS", "--ssl-reqd", "--cacert", cert, "-u", user, f"ftp://localhost:{port}/")
        assert ran.code == 0, ran.err
        assert ran.out.split()[-1] == "home"
        lftp = (
            f"set ssl:ca-file {cert}; set ftp:ssl-force true; set ftp:ssl-protect-data true; "
            f"open -u me,'{PASSWORD}' localhost:{port}; ls"
        )
        ran = await run("lftp", "-c", lftp, cwd=tmp_path)
        assert ran.code == 0, ran.err


async def test_the_address_of_a_router_is_announced(mosquitto: Broker, tmp_path: Path) -> None:
    """Behind NAT clients are told where they reach us, and a port that is let through."""
    async with house(mosquitto) as here, tree_at(str(here.client.base_url), tmp_path) as tree:
        section = FtpSection(port=0, announced_address="192.0.2.7", passive_ports="41900-41909")
        service = FtpService(section, tree, None)
        async with up(service):
            answer = await in_thread(service.port or 0, lambda client: client.sendcmd("PASV"))
    numbers = [int(number) for number in answer.partition("(")[2].partition(")")[0].split(",")]
    assert numbers[:4] == [192, 0, 2, 7]
    assert 41900 <= numbers[4] * 256 + numbers[5] <= 41909


async def test_a_console_that_may_not_read_says_so(mosquitto: Broker, tmp_path: Path) -> None:
    """Without the token that the API asks for it is no use to try again, and the answer is the API's sentence."""
    async with house(mosquitto, require_login=True) as here, tree_at(str(here.client.base_url), tmp_path) as tree:
        service = FtpService(FtpSection(port=0), tree, None)
        async with up(service):

            def tried(client: ftplib.FTP) -> str:
                try:
                    return str(client.nlst("/"))
                except ftplib.Error as error:
                    return str(error)

            assert (await in_thread(service.port or 0, tried)).startswith("550 this needs a login or a token")


async def test_a_browser_is_hung_up_on(mosquitto: Broker, tmp_path: Path) -> None:
    """Commands in the body of a web page's request are not carried out."""
    async with house(mosquitto) as here, tree_at(str(here.client.base_url), tmp_path) as tree:
        service = FtpService(FtpSection(port=0), tree, None)
        async with up(service):
            reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
            writer.write(b"POST / HTTP/1.1\r\nHost: here\r\n\r\nUSER x\r\nPASS x\r\nLIST\r\n")
            said = await asyncio.wait_for(reader.read(), 10)
            writer.close()
    assert b"421 This is an FTP server" in said
    assert b"230" not in said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"host": "0.0.0.0"}, "FTP on 0.0.0.0 sends the password readable"),
        ({"passive_ports": "60099-60000"}, "is no range of ports"),
        ({"passive_ports": "many"}, "is no range of ports"),
        ({"passive_ports": "0-70000"}, "is no range of ports"),
        ({"announced_address": "my.house"}, "is no IPv4 address"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, str], words: str) -> None:
    """With a sentence that says what to do."""
    with pytest.raises(ValidationError, match=words):
        FtpSection(**given)


def test_beyond_loopback_needs_a_login_and_tls_or_consent() -> None:
    """Either will do; on loopback nothing is asked unless the settings say so."""
    assert FtpSection(host="0.0.0.0", plaintext=True).host == "0.0.0.0"
    assert FtpSection(host="0.0.0.0", certificate=Path("cert.pem")).host == "0.0.0.0"
    assert ConsoleSection().asks_login("0.0.0.0")
    assert not ConsoleSection().asks_login("127.0.0.1")
    assert ConsoleSection(require_login=True).asks_login("127.0.0.1")


async def test_a_certificate_that_is_none_is_named(tmp_path: Path) -> None:
    """Where it cannot start it says which file and what belongs there."""
    (tmp_path / "cert.pem").write_text("nothing")
    async with tree_at("http://127.0.0.1:1", tmp_path / "shelf") as tree:
        service = FtpService(FtpSection(port=0, certificate=tmp_path / "cert.pem"), tree, None)
        with pytest.raises(StartError, match=r"cert.pem cannot be used .* PEM files"):
            await service.run(lambda: None)
        first = FtpService(FtpSection(port=0), tree, None)
        async with up(first):
            second = FtpService(FtpSection(port=first.port), tree, None)
            with pytest.raises(StartError, match="another program uses that port"):
                await second.run(lambda: None)
