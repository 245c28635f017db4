"""What another page in the same browser can do with our cookie: nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from meterkast_api.access.recogniser import COOKIE
from playwright.async_api import Browser as Chromium
from playwright.async_api import Page

from tests.api.houses import House, house
from tests.brokers import Broker

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "correct horse"
FORM = """<form method=post enctype=text/plain action="{}/api/v1/tokens">
<input name='{{"name":"evil","scopes":["control"],"x":"' value='"}}'></form>"""
TRY = """([method, url]) =>
    fetch(url, { method, credentials: 'include' }).then(() => 'answered', () => 'refused')"""
ASK = """async ([method, url, body]) => {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body), credentials: 'include' });
    return answer.status;
}"""


@contextmanager
def other_page(content: str) -> Iterator[int]:
    """A server of another port of this machine, which is another origin but the same site; gives the port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the standard library
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


async def ask(page: Page, method: str, url: str, body: object = None) -> int:
    """Let a page's script send a request; gives the status."""
    status: int = await page.evaluate(ASK, [method, url, body])
    return status


async def log_in(here: House, page: Page) -> None:
    """Log in as our own page does."""
    await page.goto(f"{ours(here)}/health")
    assert await ask(page, "POST", "/api/v1/session", {"password": PASSWORD}) == 204
    (cookie,) = await page.context.cookies()
    assert (cookie.get("name"), cookie.get("httpOnly"), cookie.get("sameSite")) == (COOKIE, True, "Strict")
    assert await page.evaluate("document.cookie") == ""


def ours(here: House) -> str:
    """Where a browser finds us."""
    return f"http://localhost:{here.service.port}"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"], ids=["same-site", "cross-site"])
async def test_another_page_changes_and_reads_nothing(mosquitto: Broker, chromium: Chromium, host: str) -> None:
    """A form that it sends is refused, a script of it cannot even ask; our own page goes on."""
    async with house(mosquitto, password=PASSWORD) as here, await chromium.new_context() as context:
        mine, other = await context.new_page(), await context.new_page()
        await log_in(here, mine)
        with other_page(FORM.format(ours(here))) as port:
            await other.goto(f"http://{host}:{port}/")
            for method, path in (("DELETE", "/api/v1/session"), ("GET", "/api/v1/tokens")):
                assert await other.evaluate(TRY, [method, f"{ours(here)}{path}"]) == "refused"
            async with other.expect_navigation() as sent:
                await other.evaluate("document.forms[0].submit()")
            answer = await sent.value
            assert answer is not None
            assert (answer.status, (await answer.json())["type"]) == (403, "urn:meterkast:problem:cross-origin")
        assert await ask(mine, "POST", "/api/v1/tokens", {"name": "mine"}) == 201
        names = [token["name"] for token in await mine.evaluate("fetch('/api/v1/tokens').then(a => a.json())")]
        assert names == ["mine"]
