"""A day of a gateway that had no connection and sends it late, and its usage to the watt-hour."""

from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.compose.gateway import linked
from tests.compose.project import Project, eventually
from tests.compose.telegrams import AMSTERDAM, dsmr_5

GATEWAY = "shed"
QUARTER = timedelta(minutes=15)
HOURS = 24
QUARTER_WH = 101
TO = datetime.now(AMSTERDAM).replace(hour=0, minute=0, second=0, microsecond=0)
FROM = TO - timedelta(hours=HOURS)


def send_a_day(project: Project) -> list[dict[str, Any]]:
    """Send a telegram per quarter of an hour; return the usage once it is all there."""
    with linked(project.mqtt_tls, project.trust(), GATEWAY, project.secret(f"mqtt-gateway-{GATEWAY}")) as link:
        for number in range(HOURS * 4 + 1):
            at = FROM + number * QUARTER
            sent = dsmr_5(at, import_kwh=f"{(1_000_000 + number * QUARTER_WH) / 1000:010.3f}")
            assert link.publish(f"dsmr/{GATEWAY}/telegram/{int(at.timestamp() * 1000)}", sent) == "Success"
    with project.client() as client:
        return eventually(lambda: usage(client), what="the usage of a day, to the watt-hour")


def usage(client: httpx.Client) -> list[dict[str, Any]] | None:
    """Usage by the hour; None until it is all that was sent."""
    span = {"per": "hour", "from": FROM.isoformat(), "to": TO.isoformat()}
    answer = client.get(f"/api/v1/meters/{GATEWAY}/usage", params=span)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return None
    answer.raise_for_status()
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows if [_watt_hours(row) for row in rows] == [4 * QUARTER_WH] * HOURS else None


def _watt_hours(row: dict[str, Any]) -> int | None:
    known = row.get("energy_import_t1_kwh")
    return None if known is None else round(known * 1000)
