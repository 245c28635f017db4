"""Talking to an InfluxDB of any version: written by line protocol, read by InfluxQL."""

import gzip
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
from meterkast_runtime.log import get_logger

from meterkast_store.errors import StoreDamagedError, StoreError, StoreUnavailableError
from meterkast_store.influx_place import InfluxPlace
from meterkast_store.influx_refusal import MISSING, NoSuchPathError, Refusal, refusal

if TYPE_CHECKING:
    from meterkast_store.influx_token import TokenWriter

LINES_PER_REQUEST = 5000
TOLD_EVERY_S = 60.0
BROKEN = 500
Answer = list[dict[str, Any]]


class InfluxServer:
    """One server: finds out what it is, writes lines, asks questions."""

    def __init__(self, place: InfluxPlace) -> None:
        self._place = place
        self._with_token: TokenWriter | None = None
        self._rests_until = 0.0
        self._told_at = -TOLD_EVERY_S
        self._log = get_logger("store")
        self.version: tuple[int, ...] = ()

    async def open(self) -> None:
        """Ask the server's version."""
        place = self._place
        self._http = httpx.AsyncClient(
            base_url=place.url, headers=place.headers, auth=place.login, timeout=place.timeout_s
        )
        with self.trying("open"):
            answer = await self._request("GET", "/ping")
        self.version = _version(answer.headers.get("X-Influxdb-Version", ""))
        if place.token or not self.version:
            from meterkast_store.influx_token import TokenWriter  # noqa: PLC0415 - 20 MB that a name does not need

            self._with_token = TokenWriter(place)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        if self._with_token is not None:
            await self._with_token.close()

    @contextmanager
    def trying(self, operation: str) -> Iterator[None]:
        """Turn what the server or the network says into a StoreError."""
        try:
            yield
        except Refusal as no:
            self._rests_until = time.monotonic() + no.rest_s
            raise no.error(operation, self._place.name) from no
        except httpx.HTTPError as error:
            hint = "start the database, or correct [store] url"
            reason = str(error) or type(error).__name__
            raise StoreUnavailableError(operation, self._place.name, reason, hint=hint) from error

    async def write(self, database: str, lines: Sequence[str]) -> None:
        """Write lines in order; returns when the server has taken all that it will ever take."""
        wait = self._rests_until - time.monotonic()
        if lines and wait > 0:
            raise StoreUnavailableError(
                "write to", self._place.name, f"it asked to be left alone for another {wait:.0f} s",
                hint="nothing is lost: it is tried again then",
            )  # fmt: skip
        with self.trying("write to"):
            for begin in range(0, len(lines), LINES_PER_REQUEST):
                await self._write(database, lines[begin : begin + LINES_PER_REQUEST])

    async def _write(self, database: str, lines: Sequence[str]) -> None:
        """Write lines; those that the server refuses for their own sake are told and left out, the others written."""
        try:
            await self._send(database, "\n".join(lines).encode())
        except Refusal as no:
            if not no.of_rows:
                raise
            if no.rest_is_written or len(lines) == 1:
                self._tell(no)
                return
            middle = len(lines) // 2
            await self._write(database, lines[:middle])
            await self._write(database, lines[middle:])

    async def _send(self, database: str, body: bytes) -> None:
        """Send lines: with a token through influxdb-client; by name, or on a server without that path, to `/write`."""
        if self._with_token is not None:
            try:
                await self._with_token.write(database, body)
            except NoSuchPathError:
                self._with_token = None
            else:
                return
        await self._request(
            "POST", "/write", params={"db": database, "precision": "ms"},
            content=gzip.compress(body, 5), headers={"Content-Encoding": "gzip"},
        )  # fmt: skip

    def _tell(self, no: Refusal) -> None:
        now = time.monotonic()
        if not no.of_old_rows and now - self._told_at >= TOLD_EVERY_S:
            self._told_at = now
            self._log.warning("The database refuses rows for ever, they are left out", reason=no.reason)

    async def ask(self, database: str, *questions: str) -> list[Answer]:
        """Ask InfluxQL questions in one request; each answer is its list of series (`columns`, `values`)."""
        with self.trying("read"):
            answers = await self.command("; ".join(questions), database)
        if any("time" not in series.get("columns", ()) for answer in answers for series in answer):
            raise self._not_influxql()
        return answers

    async def command(self, text: str, database: str = "") -> list[Answer]:
        """Give InfluxQL statements of any kind; raises a Refusal."""
        answer = await self._request("POST", "/query", params={"db": database, "epoch": "ms"}, data={"q": text})
        try:
            results = said["results"] if (said := answer.json()) != {} else []  # 2.x says nothing more of a DELETE
        except (ValueError, LookupError, TypeError) as error:
            raise self._not_influxql() from error
        for result in results:
            if "error" in result:
                raise refusal(MISSING if "not found" in result["error"] else BROKEN, result["error"])
        return [result.get("series", []) for result in results]

    async def api(self, method: str, path: str, **rest: Any) -> Mapping[str, Any]:
        """Call the API of version 2; raises a Refusal."""
        answer: Mapping[str, Any] = (await self._request(method, f"/api/v2/{path}", **rest)).json()
        return answer

    def _not_influxql(self) -> StoreError:
        return StoreDamagedError(
            "read", self._place.name, "it does not answer InfluxQL",
            hint="VictoriaMetrics can be written to, but not read by Meterkast: use SQLite or InfluxDB",
        )  # fmt: skip

    async def _request(self, method: str, path: str, **rest: Any) -> httpx.Response:
        answer = await self._http.request(method, path, **rest)
        if answer.is_error:
            raise refusal(answer.status_code, answer.text, answer.headers.get("Retry-After", ""))
        return answer


def _version(text: str) -> tuple[int, ...]:
    numbers = []
    for part in text.lstrip("vV").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
