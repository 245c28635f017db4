"""Behind a reverse proxy: its path prefix, the addresses and names that it forwards, and a real nginx."""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from meterkast_api.access.recogniser import COOKIE

from tests.api.houses import House, house
from tests.brokers import Broker, free_port

PASSWORD = "correct horse"
PREFIX = "/meterkast"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/bin")
CONFIGURATION = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /meterkast/ {{
            proxy_pass {upstream};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto https;
            proxy_buffering off;
        }}
    }}
}}
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Give a page as its build leaves it."""
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Meterkast</title>")
    return folder


@contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[str]:
    """Run an nginx before an API; gives its address."""
    if NGINX is None:
        pytest.skip("nginx is missing; get it by: apt install nginx-light (Debian), brew install nginx (macOS)")
    folder.mkdir()
    port = free_port()
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(folder=folder, port=port, upstream=upstream))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration), "-e", "stderr"])
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@asynccontextmanager
async def proxied(broker: Broker, folder: Path, static: Path, *, strips: bool) -> AsyncIterator[tuple[House, str]]:
    """An API that needs a login, behind an nginx that strips the prefix or leaves it."""
    async with house(broker, static=static, password=PASSWORD, require_login=True, path_prefix=PREFIX) as here:
        upstream = f"http://127.0.0.1:{here.service.port}{'/' if strips else ''}"
        with nginx(folder, upstream) as address:

            async def up() -> bool:
                try:
                    async with httpx.AsyncClient() as client:
                        return (await client.get(f"{address}{PREFIX}/health")).status_code == 200
                except httpx.ConnectError:
                    return False

            await here.until(up)
            yield here, address


@pytest.mark.parametrize("strips", [True, False], ids=["stripped", "left"])
async def test_everything_works_under_a_prefix(
    mosquitto: Broker,
    tmp_path: Path,
    built: Path,
    strips: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """Page, login, documentation and live stream are under the prefix, whether nginx strips it or not."""
    async with (
        proxied(mosquitto, tmp_path / "nginx", built, strips=strips) as (here, address),
        httpx.AsyncClient(base_url=f"{address}{PREFIX}", follow_redirects=True, timeout=10) as client,
    ):
        assert "<title>Meterkast</title>" in (await client.get("/")).text
        page = await client.get(f"{address}{PREFIX}")
        assert page.url.path == f"{PREFIX}/"
        refused = await client.get("/api/v1/meters")
        assert (refused.status_code, refused.json()["instance"]) == (401, f"{PREFIX}/api/v1/meters")
        origin = {"Origin": address.replace("http:", "https:"), "Sec-Fetch-Site": "same-origin"}
        logged_in = await client.post("/api/v1/session", json={"password": PASSWORD}, headers=origin)
        assert logged_in.status_code == 204
        cookie = logged_in.headers["set-cookie"].split("; ")
        assert f"Path={PREFIX}" in cookie
        assert "Secure" in cookie, "nginx says that the browser came by https"
        own = {"Cookie": f"{COOKIE}={cookie[0].partition('=')[2]}"}
        assert (await client.get("/api/v1/meters", headers=own)).json() == []
        document = (await client.get("/openapi.json", headers=own)).json()
        assert document["servers"] == [{"url": PREFIX}]
        docs = await client.get("/docs", headers=own)
        assert 'src="docs/start.js"' in docs.text
        assert (await client.get("/docs/start.js", headers=own)).status_code == 200
        async with client.stream("GET", "/api/v1/stream", headers=own) as stream:
            assert stream.status_code == 200
            assert await anext(stream.aiter_lines())
        assert (await here.get("/health")).status_code == 200, "directly, under the prefix as well"


async def test_the_bare_prefix_leads_to_the_page(mosquitto: Broker, built: Path) -> None:
    """The page's addresses are relative, so that it must be asked for with a slash at its end."""
    async with house(mosquitto, static=built, path_prefix=PREFIX) as here:
        bare = f"http://127.0.0.1:{here.service.port}"
        assert here.service.url == f"{bare}{PREFIX}/"
        answer = await here.client.get(f"{bare}{PREFIX}?gateway=home")
        assert (answer.status_code, answer.headers["location"]) == (308, f"{PREFIX}/?gateway=home")
        for path in (f"{PREFIX}/api/v1/meters", "/api/v1/meters"):
            assert (await here.get(f"{bare}{path}")).json() == []
        assert (await here.get(f"{bare}/meterkasten")).status_code == 404


async def test_guesses_are_counted_by_the_address_that_a_trusted_proxy_names(mosquitto: Broker) -> None:
    """Behind a proxy each client has its own wait; whom we do not trust cannot say that it is another."""

    async def guess(here: House, address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return (await here.client.post("/api/v1/session", json={"password": "x"}, headers=headers)).status_code

    async with house(mosquitto, password=PASSWORD) as here:
        assert [await guess(here, "192.0.2.1") for _ in range(6)] == [401] * 5 + [429]
        assert await guess(here, "192.0.2.2") == 401
    async with house(mosquitto, password=PASSWORD, trusted_proxies=["192.0.2.99"]) as here:
        assert [await guess(here, f"192.0.2.{n}") for n in range(6)] == [401] * 5 + [429]
        secure = await here.client.get("/api/v1/session", headers={"X-Forwarded-Proto": "https"})
        assert secure.status_code == 200


async def test_a_forwarded_name_must_be_ours_as_well(mosquitto: Broker) -> None:
    """Both the name that the proxy used and the one it was called by are checked; the latter is then our origin."""
    forwarded = {"X-Forwarded-Host": "home.example"}
    async with house(mosquitto, password=PASSWORD) as here:
        assert (await here.client.get("/api/v1/meters", headers=forwarded)).status_code == 421
        rebound = {"Host": "evil.example", "X-Forwarded-Host": "localhost"}
        assert (await here.client.get("/api/v1/meters", headers=rebound)).status_code == 421
    async with house(mosquitto, password=PASSWORD, allowed_hosts=["home.example"]) as here:
        assert (await here.client.get("/api/v1/meters", headers=forwarded)).status_code == 200
        body = {"password": PASSWORD}
        for origin, status in (("https://home.example", 204), ("https://other.example", 403)):
            headers = {**forwarded, "Origin": origin}
            assert (await here.client.post("/api/v1/session", json=body, headers=headers)).status_code == status
    async with house(mosquitto, trusted_proxies=["192.0.2.99"]) as here:
        assert (await here.client.get("/api/v1/meters", headers=forwarded)).status_code == 200, "not believed at all"
