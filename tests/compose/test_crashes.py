"""Parts that crash come back by themselves, and nothing is lost."""

from datetime import UTC, datetime

from tests.compose.project import Project
from tests.compose.readings import check_unbroken, first_since


def test_every_part_crashes(project: Project) -> None:
    """Each container's process is killed in its turn and comes back healthy; no second of the meantime is missing."""
    project.crash("simulator")
    with project.client() as client:
        began = first_since(client, datetime.now(UTC))
        for service in ("mosquitto", "parser", "history", "api", "console", "proxy"):
            project.crash(service)
        project.wait_healthy(project.services())
        check_unbroken(client, began)
