"""A P1 cable at the machine that runs the containers."""

import os
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.compose.project import Project, eventually
from tests.compose.telegrams import dsmr_5
from tests.reader.serial_line import MeterAtPort


def _reading(client: httpx.Client) -> str | None:
    answer = client.get("/api/v1/meters/home/actual")
    return answer.text if answer.is_success else None


def test_cable(project: Project, tmp_path: Path) -> None:
    """The profile `serial` reads the device that SERIAL_DEVICE names, as a user without rights, and finds its speed."""
    sent = dsmr_5(datetime.now(UTC), import_kwh="004321.098")
    with MeterAtPort(tmp_path / "port", sent, speed=115_200) as meter, project.client() as client:
        device = meter.port.readlink()
        device.chmod(0o660)
        os.chown(device, -1, 20)
        project.variables["SERIAL_DEVICE"] = str(device)
        project.compose("up", "--detach", "--no-build", "--no-deps", "reader")
        try:
            reading = eventually(lambda: _reading(client), what="the reading of the cable")
        finally:
            project.compose("rm", "--stop", "--force", "reader")
    assert '"energy_import_t1_kwh":4321.098' in reading.replace(" ", "")
