"""`meterkast import`: histories of other programs into ours, and what became of each file in plain words."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_api.imports.formats import UnknownFormatError
from meterkast_api.imports.importer import Importer, Order, Report
from meterkast_api.imports.source import SourceError
from meterkast_api.settings import ApiSettings
from meterkast_runtime.settings import load_settings
from meterkast_store import open_store

from meterkast.progress import Progress


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What was asked on the command line."""

    files: Sequence[Path]
    gateway: str
    dry_run: bool
    format: str
    meter: str | None
    data_dir: Path | None


def run_import(options: ImportOptions) -> int:
    """Import each file; the exit code: 1 if any could not be. Raises StoreError when history cannot be used."""
    overrides = {"data_dir": options.data_dir} if options.data_dir else {}
    return asyncio.run(_run(options, load_settings(ApiSettings, overrides=overrides)))


async def _run(options: ImportOptions, settings: ApiSettings) -> int:
    zone = ZoneInfo(settings.home.timezone)
    progress = Progress()
    failed = 0
    async with open_store(settings.store, settings.data_dir) as store:
        importer = Importer(store, now=lambda: datetime.now(UTC), progress=progress)
        for file in options.files:
            order = Order(
                file=file, gateway=options.gateway, zone=zone,
                format=options.format, meter=options.meter, dry_run=options.dry_run,
            )  # fmt: skip
            try:
                report = await importer.run(order)
            except (UnknownFormatError, SourceError) as error:
                progress.clear()
                failed += 1
                sys.stderr.write(f"{file}: {error}\n")
            except OSError as error:
                progress.clear()
                failed += 1
                sys.stderr.write(f"{file}: cannot be read: {error.strerror}\n")
            else:
                progress.clear()
                _tell(order, report)
    return 1 if failed else 0


def _tell(order: Order, report: Report) -> None:
    """Say what was added, line by line why not, and to which meters."""
    verb = "would be added" if order.dry_run else "added"
    sys.stdout.write(
        f"{order.file} is of {report.format}: {report.rows:,} rows, {report.readings:,} readings; "
        f"{report.new:,} {verb}, {report.known:,} known, {report.refused.count:,} refused\n"
    )
    if report.begin is not None and report.end is not None:
        begin, end = (f"{at.astimezone(order.zone):%Y-%m-%d %H:%M}" for at in (report.begin, report.end))
        sys.stdout.write(f"  from {begin} to {end}\n")
    for kind, meter in report.meters.items():
        sys.stdout.write(f"  {kind} to meter {meter} of {order.gateway}\n")
    for note in report.notes:
        sys.stdout.write(f"  {note}\n")
    for one in report.refused.first:
        sys.stderr.write(f"{order.file}:{one.line}: {one.reason}\n")
    if (more := report.refused.count - len(report.refused.first)) > 0:
        sys.stderr.write(f"{order.file}: and {more:,} more\n")
    sys.stdout.flush()
