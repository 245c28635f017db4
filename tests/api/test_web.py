"""The page, the documentation, and what protects them."""

import gzip
from pathlib import Path

import pytest
from meterkast_api.assets import IMMUTABLE, REVALIDATED, AssetFolder, cache_control
from meterkast_api.guard import Hosts

from tests.api.houses import house
from tests.brokers import Broker

SCRIPT = "console.log('live');\n" * 200

ERRORS = [
    ("GET", "/nothing", 404, "not-found"),
    ("GET", "/api/v1/nothing", 404, "not-found"),
    ("GET", "/api/v1/meters/", 404, "not-found"),
    ("GET", "/docs/../../secret", 404, "not-found"),
    ("GET", "/%2e%2e/%2e%2e/etc/passwd", 404, "not-found"),
    ("POST", "/api/v1/meters", 405, "method-not-allowed"),
    ("DELETE", "/api/v1/meters/home/actual", 405, "method-not-allowed"),
    ("GET", "/api/v1/stream?gateway=No%20Name", 422, "invalid-request"),
    ("GET", "/api/v1/stream?telegrams=perhaps", 422, "invalid-request"),
]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Give a folder as the page's build leaves it, beside a file that is none of anyone's business."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Meterkast</title>")
    (folder / "icon.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "assets" / "index-BkT3x_9q.js").write_text(SCRIPT)
    (tmp_path / "secret.txt").write_text("secret")
    return folder


async def test_a_page_that_is_not_built_says_how_to_build_it(mosquitto: Broker) -> None:
    """One plain sentence with the command."""
    async with house(mosquitto) as here:
        answer = await here.get("/")
        assert answer.status_code == 503
        assert "run `make web`" in answer.text


async def test_the_page_is_served_with_its_files(mosquitto: Broker, built: Path) -> None:
    """Files with a hash in their name are kept for ever and compressed; others are asked for again."""
    async with house(mosquitto, static=built) as here:
        page = await here.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == REVALIDATED
        again = await here.client.get("/", headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        script = await here.get("/assets/index-BkT3x_9q.js")
        assert script.text == SCRIPT
        assert script.headers["content-encoding"] == "gzip"
        assert script.headers["cache-control"] == IMMUTABLE
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"
        plain = await here.client.get("/assets/index-BkT3x_9q.js", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == SCRIPT


async def test_every_answer_is_protected(mosquitto: Broker, built: Path) -> None:
    """No script, frame or sniffed type from elsewhere, on pages and errors alike."""
    async with house(mosquitto, static=built) as here:
        for path in ("/", "/icon.svg", "/nothing", "/api/v1/meters", "/docs", "/metrics"):
            headers = (await here.get(path)).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'; script-src 'self';" in policy
            assert ("unsafe-inline" in policy) == (path == "/docs"), "only Swagger UI needs inline styles"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert headers["cross-origin-resource-policy"] == "same-origin"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers


@pytest.mark.parametrize("path", ["../secret.txt", "assets/../../secret.txt", "/etc/hosts", "assets", "", "a\0b"])
def test_nothing_outside_the_folder_can_be_reached(built: Path, path: str) -> None:
    """Paths that leave the folder, folders and odd bytes are not found."""
    assert AssetFolder(built).get(path) is None


def test_a_file_that_changes_is_read_again(built: Path) -> None:
    """A new build is served without a restart."""
    folder = AssetFolder(built)
    before = folder.get("index.html")
    (built / "index.html").write_text("<!doctype html><title>Another</title>" * 40)
    after = folder.get("index.html")
    assert before is not None
    assert after is not None
    assert before.tag != after.tag
    assert after.compressed is not None
    assert gzip.decompress(after.compressed) == after.body


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("assets/index-BkT3x_9q.js", IMMUTABLE),
        ("assets/logo.svg", REVALIDATED),
        ("index-BkT3x_9q.js", REVALIDATED),
        ("index.html", REVALIDATED),
    ],
)
def test_only_hashed_files_are_kept_for_ever(path: str, expected: str) -> None:
    """A name without a hash can get another content."""
    assert cache_control(path) == expected


async def test_the_documentation_loads_nothing_from_elsewhere(mosquitto: Broker) -> None:
    """Page, script and style of /docs come from us."""
    async with house(mosquitto) as here:
        page = await here.get("/docs")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "//" not in page.text.replace("<!doctype", "")
        assert "<script>" not in page.text
        for path in ("docs/swagger-ui-bundle.js", "docs/swagger-ui.css", "docs/start.js", "openapi.json"):
            assert f'"{path}"' in page.text or f'"{path}"' in (await here.get("/docs/start.js")).text
            assert (await here.get(f"/{path}")).status_code == 200


async def test_every_error_is_a_problem(mosquitto: Broker) -> None:
    """Errors have one form (RFC 9457), whoever finds them."""
    async with house(mosquitto) as here:
        for method, path, status, kind in ERRORS:
            answer = await here.client.request(method, path)
            assert answer.status_code == status, path
            assert answer.headers["content-type"] == "application/problem+json"
            problem = answer.json()
            assert problem["type"] == f"urn:meterkast:problem:{kind}"
            assert problem["status"] == status
            assert problem["detail"]
            if status == 405:
                assert answer.headers["allow"] == "GET"


async def test_a_bug_is_a_problem_that_tells_nothing_of_the_inside(mosquitto: Broker, tmp_path: Path) -> None:
    """An unforeseen exception gives a 500 without its text, and headers as everywhere."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "x").mkdir()
    async with house(mosquitto, static=broken) as here:
        here.service.stream.subscribe = None  # type: ignore[assignment,method-assign]
        answer = await here.get("/api/v1/stream")
        assert answer.status_code == 500
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.json()["type"] == "urn:meterkast:problem:internal"
        assert "NoneType" not in answer.text


async def test_head_answers_as_get_without_a_body(mosquitto: Broker) -> None:
    """HEAD is understood wherever GET is."""
    async with house(mosquitto) as here:
        answer = await here.client.head("/api/v1/catalogue")
        assert (answer.status_code, answer.content) == (200, b"")


async def test_a_request_by_a_name_that_is_not_ours_is_refused(mosquitto: Broker) -> None:
    """A page elsewhere cannot read us by making its name point here (DNS rebinding)."""
    async with house(mosquitto, allowed_hosts=["meterkast.example.org"]) as here:
        for name, status in (
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
            ("a b", 421),
            ("meterkast.example.org", 200),
            ("localhost:1234", 200),
            ("[::1]:8080", 200),
            ("192.168.1.5", 200),
        ):
            answer = await here.client.get("/api/v1/meters", headers={"Host": name})
            assert answer.status_code == status, name
            if status == 421:
                assert answer.headers["content-type"] == "application/problem+json"
                assert "allowed_hosts" in answer.json()["detail"]


@pytest.mark.parametrize("host", ["x.local:port", "[::1", "http://localhost", "localhost/", "localhost:8080:9", "a\nb"])
def test_a_malformed_host_is_nobody(host: str) -> None:
    """What is no host name cannot be ours."""
    assert not Hosts(["localhost"]).allow(host)


async def test_other_origins_may_read_only_when_they_are_allowed(mosquitto: Broker) -> None:
    """Without a setting no other page can read us; with it, that one can."""
    origin = {"Origin": "https://example.org"}
    async with house(mosquitto) as here:
        answer = await here.client.get("/api/v1/meters", headers=origin)
        assert "access-control-allow-origin" not in answer.headers
    async with house(mosquitto, allowed_origins=["https://example.org"]) as here:
        answer = await here.client.get("/api/v1/meters", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://example.org"
        other = await here.client.get("/api/v1/meters", headers={"Origin": "https://example.com"})
        assert "access-control-allow-origin" not in other.headers


async def test_a_page_that_is_allowed_may_change_only_what_it_has_read(mosquitto: Broker) -> None:
    """It can read an ETag and give it back as If-Match, as our own page does."""
    asking = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "if-match,content-type"}
    async with house(mosquitto, allowed_origins=["https://example.org"]) as here:
        origin = {"Origin": "https://example.org"}
        asked = await here.client.options("/api/v1/contracts", headers={**origin, **asking})
        assert asked.status_code == 200
        read = await here.client.get("/api/v1/contracts", headers=origin)
        assert "ETag" in read.headers["access-control-expose-headers"].split(", ")
