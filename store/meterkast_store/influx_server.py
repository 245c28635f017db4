"""Talking to an InfluxDB of any version: written by line protocol, read by InfluxQL."""

import asyncio
import gzip
from collections.abc import Sequence
from typing import Any, cast

import httpx
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from meterkast_store.errors import StoreDamagedError, StoreError, StoreUnavailableError
from meterkast_store.influx_place import InfluxPlace

FIRST_WITH_V2_WRITE = (1, 8)
LINES_PER_REQUEST = 5000
MILLISECONDS = cast("WritePrecision", WritePrecision.MS)  # its constants are annotated as plain texts
UNAUTHORIZED = (401, 403)
MISSING = 404
BROKEN = 500
REFUSED = (400, 413, 422)


class InfluxServer:
    """One server: finds out what it is, writes lines, asks questions."""

    def __init__(self, place: InfluxPlace) -> None:
        self._place = place
        self.version: tuple[int, ...] = ()

    async def open(self) -> None:
        """Ask the server's version; on 1.x create the database where it is missing."""
        place = self._place
        self._http = httpx.AsyncClient(
            base_url=place.url, headers=place.headers, auth=place.login, timeout=place.timeout_s
        )
        self._client = InfluxDBClient(
            place.url, place.write_token, org=place.org or "-", timeout=int(place.timeout_s * 1000), enable_gzip=True
        )
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)
        try:
            await self._greet()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        await asyncio.to_thread(self._client.close)

    async def write(self, lines: Sequence[str]) -> None:
        """Write lines in order; returns when the server has taken them all."""
        for begin in range(0, len(lines), LINES_PER_REQUEST):
            body = "\n".join(lines[begin : begin + LINES_PER_REQUEST]).encode()
            if self._has_v2_write and await asyncio.to_thread(self._write_v2, body):
                continue
            await self._write_v1(body)

    async def ask(self, *questions: str) -> list[list[dict[str, Any]]]:
        """Ask InfluxQL questions in one request; each answer is its list of series (`columns`, `values`)."""
        answers = await self._query("; ".join(questions))
        if any("time" not in series.get("columns", ()) for answer in answers for series in answer):
            raise self._not_influxql()
        return answers

    async def _query(self, text: str) -> list[list[dict[str, Any]]]:
        parameters = {"db": self._place.database, "epoch": "ms"}
        answer = await self._request("read", "POST", "/query", params=parameters, data={"q": text})
        try:
            results = answer.json()["results"]
        except (ValueError, LookupError, TypeError) as error:
            raise self._not_influxql() from error
        for result in results:
            if "error" in result:
                raise self._error("read", MISSING if "not found" in result["error"] else BROKEN, result["error"])
        return [result.get("series", []) for result in results]

    def _not_influxql(self) -> StoreError:
        return StoreDamagedError(
            "read", self._place.name, "it does not answer InfluxQL",
            hint="VictoriaMetrics can be written to, but not read by Meterkast: use SQLite or InfluxDB",
        )  # fmt: skip

    async def _greet(self) -> None:
        answer = await self._request("open", "GET", "/ping")
        self.version = _version(answer.headers.get("X-Influxdb-Version", ""))
        if self.version[:1] == (1,):
            (found,) = await self._query("SHOW DATABASES")
            known = {name for series in found for (name,) in series.get("values", ())}
            if self._place.database not in known:
                await self._query(f'CREATE DATABASE "{self._place.database}"')

    @property
    def _has_v2_write(self) -> bool:
        return not self.version or self.version[:2] >= FIRST_WITH_V2_WRITE

    def _write_v2(self, body: bytes) -> bool:
        """Write through influxdb-client; false when the server has no such path."""
        place = self._place
        try:
            self._writer.write(place.database, place.org or "-", body, write_precision=MILLISECONDS)
        except ApiException as error:
            if error.status == MISSING and "not found" not in str(error.body).replace("404 page not found", ""):
                self.version = (1,)
                return False
            raise self._error("write to", error.status or 0, str(error.body or error.reason)) from error
        except HTTPError as error:
            raise self._away("write to", error) from error
        return True

    async def _write_v1(self, body: bytes) -> None:
        await self._request(
            "write to", "POST", "/write", params={"db": self._place.database, "precision": "ms"},
            content=gzip.compress(body, 5), headers={"Content-Encoding": "gzip"},
        )  # fmt: skip

    async def _request(self, operation: str, method: str, path: str, **rest: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **rest)
        except httpx.HTTPError as error:
            raise self._away(operation, error) from error
        if answer.is_error:
            raise self._error(operation, answer.status_code, answer.text)
        return answer

    def _away(self, operation: str, error: Exception) -> StoreError:
        reason = str(error) or type(error).__name__
        hint = "start the database, or correct [store] url"
        return StoreUnavailableError(operation, self._place.name, reason, hint=hint)

    def _error(self, operation: str, status: int, reason: str) -> StoreError:
        reason = " ".join(reason.split())[:300] or f"HTTP {status}"
        if status in UNAUTHORIZED:
            hint = "check token, or username and password, in [store]"
            return StoreUnavailableError(operation, self._place.name, reason, hint=hint)
        if status == MISSING:
            hint = "create the bucket, with unlimited retention, or correct [store] url and org"
            return StoreUnavailableError(operation, self._place.name, reason, hint=hint)
        if status in REFUSED:
            hint = "give Meterkast a database (bucket) of its own, with unlimited retention"
            return StoreDamagedError(operation, self._place.name, reason, hint=hint)
        hint = "look at the log of the database"
        return StoreUnavailableError(operation, self._place.name, reason, hint=hint)


def _version(text: str) -> tuple[int, ...]:
    numbers = []
    for part in text.lstrip("vV").split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
    return tuple(numbers)
