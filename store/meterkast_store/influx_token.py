"""Writing with a token, or without any login, on version 2's path: InfluxDB 1.8, 2, 3 and VictoriaMetrics."""

import asyncio
from typing import cast

import httpx
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from meterkast_store.influx_place import InfluxPlace
from meterkast_store.influx_refusal import MISSING, NoSuchPathError, refusal

MILLISECONDS = cast("WritePrecision", WritePrecision.MS)  # its constants are annotated as plain texts


class TokenWriter:
    """Writes lines through influxdb-client, each call in a thread."""

    def __init__(self, place: InfluxPlace) -> None:
        self._org = place.org or "-"
        timeout_ms = int(place.timeout_s * 1000)
        self._client = InfluxDBClient(place.url, place.token or "", org=self._org, timeout=timeout_ms, enable_gzip=True)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.to_thread(self._client.close)

    async def write(self, database: str, body: bytes) -> None:
        """Write lines; raises a Refusal, an error of httpx where nobody answers, or NoSuchPathError."""
        try:
            await asyncio.to_thread(self._writer.write, database, self._org, body, write_precision=MILLISECONDS)
        except ApiException as error:
            said = str(error.body or error.reason or "")
            if error.status == MISSING and said.strip() in ("", "Not Found", "404 page not found"):
                raise NoSuchPathError from error
            rest = error.headers.get("Retry-After", "") if error.headers else ""
            raise refusal(error.status or 0, said, rest) from error
        except HTTPError as error:
            raise httpx.TransportError(str(error)) from error
