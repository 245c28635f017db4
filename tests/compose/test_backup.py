"""Backup → wipe → restore → the same sums, by the commands of the documentation."""

from tests.compose.day import send_a_day, usage
from tests.compose.project import Project


def test_backup_wipe_restore(project: Project) -> None:
    """A backup taken while everything runs brings back, after every volume is gone, the same usage to the watt-hour."""
    before = send_a_day(project)
    project.compose("run", "--rm", "-T", "tools", "backup", "/backup/before.tar")
    project.down()
    project.compose("run", "--rm", "-T", "--no-deps", "tools", "restore", "/backup/before.tar")
    project.up()
    with project.client() as client:
        assert usage(client) == before
