"""What an import answers: its report as people and programs read it."""

from datetime import datetime, tzinfo
from typing import Any

from pydantic import BaseModel, Field

from meterkast_api.imports.importer import Report


class RefusedLine(BaseModel):
    """A line that was left out, or one value of it."""

    line: int
    reason: str


class ImportReport(BaseModel):
    """What an import has added, or in a dry run would add."""

    format: str
    dry_run: bool
    rows: int = Field(description="Lines of the file that hold records.")
    readings: int = Field(description="Registers at an instant that the rows tell, per kind of meter.")
    new: int = Field(description="Readings that history did not have.")
    known: int = Field(description="Readings that history has already.")
    refused: list[RefusedLine] = Field(description="The first hundred lines or values that were left out.")
    refused_count: int = Field(description="How many were left out.")
    begin: datetime | None = Field(alias="from", default=None, description="The first reading's time.")
    end: datetime | None = Field(alias="to", default=None, description="The last reading's time.")
    meters: dict[str, str] = Field(description="Which meter the readings of each kind become part of.")
    notes: list[str]


EXAMPLE: dict[str, Any] = {
    "format": "p1-monitor-sql",
    "dry_run": True,
    "rows": 26304,
    "readings": 52606,
    "new": 52604,
    "known": 0,
    "refused": [{"line": 26304, "reason": "its period was still running when the file was made"}],
    "refused_count": 2,
    "from": "2023-01-01T01:00:00+01:00",
    "to": "2026-01-01T00:00:00+01:00",
    "meters": {"electricity": "4530303434303037313331363530363137", "gas": "4730303339303031393336393930363139"},
    "notes": [],
}


def report_json(report: Report, *, dry_run: bool, zone: tzinfo) -> dict[str, Any]:
    """The report as JSON has it; without `from` and `to` where there is no reading."""
    times = {"from": report.begin, "to": report.end}
    return {
        "format": report.format,
        "dry_run": dry_run,
        "rows": report.rows,
        "readings": report.readings,
        "new": report.new,
        "known": report.known,
        "refused": [{"line": one.line, "reason": one.reason} for one in report.refused.first],
        "refused_count": report.refused.count,
        **{name: time.astimezone(zone).isoformat() for name, time in times.items() if time is not None},
        "meters": report.meters,
        "notes": report.notes,
    }
