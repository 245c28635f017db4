"""`meterkast backup`: everything worth keeping into one file, while everything runs."""

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from meterkast_api.database import FILE as ACCOUNTS
from meterkast_runtime.settings_file import FILE_NAME as SETTINGS
from meterkast_store.archive import FOR_A_TIME, FOR_EVER, Archive, open_archive
from meterkast_store.rows import Table

from meterkast.backup import accounts, deployment, pages
from meterkast.backup.container import Writer, contents
from meterkast.backup.settings import BackupSettings
from meterkast.backup.target import STDOUT, named, stdout, thin_out, written
from meterkast.errors import LauncherError
from meterkast.progress import Progress

HOST_KEY = "ssh_host_key"
NAMES = {
    Table.QUARTER: "quarters of an hour", Table.MBUS: "M-Bus readings", Table.EVENT: "events", Table.SAMPLE: "samples",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class BackupOptions:
    """What was asked on the command line."""

    file: str
    samples: bool = True
    verify: bool = True
    deployment: Path | None = None
    keep: int | None = None


async def make_backup(options: BackupOptions, settings: BackupSettings, settings_file: Path | None) -> None:
    """Write the backup, read it back, and say what it holds; raises MeterkastError, and leaves nothing behind then."""
    begun = time.monotonic()
    progress = Progress()
    tables = (*FOR_A_TIME, *FOR_EVER) if options.samples else FOR_EVER
    path = named(options.file, datetime.now(UTC))
    async with open_archive(settings.store, settings.data_dir, existing=True) as archive:
        with _target(options, path) as out:
            writer = Writer(out)
            writer.begin()
            for name, data, mode in _files(options, settings.data_dir, settings_file):
                writer.add(name, data, mode=mode)
            rows = await _add_history(writer, archive, tables, progress)
            writer.finish()
            read_back = options.verify and options.file != STDOUT
            if read_back:
                out.flush()
                contents(out, progress)
            progress.clear()
    gone = thin_out(path.parent, options.keep) if options.keep else ()
    _tell(options, path, writer.size, rows, time.monotonic() - begun, read_back=read_back, gone=len(gone))


@contextmanager
def _target(options: BackupOptions, path: Path) -> Iterator[BinaryIO]:
    if options.file == STDOUT:
        out = stdout()
        yield out
        out.flush()
        return
    with written(path) as file:
        yield file


def _files(options: BackupOptions, data_dir: Path, settings_file: Path | None) -> Iterator[tuple[str, bytes, int]]:
    """Yield name, bytes and mode of everything but history."""
    if (image := accounts.saved(data_dir / ACCOUNTS)) is not None:
        yield ACCOUNTS, image, 0o600
    for name, path in ((HOST_KEY, data_dir / HOST_KEY), (SETTINGS, settings_file)):
        if path is not None and path.exists():
            try:
                yield name, path.read_bytes(), 0o600
            except OSError as error:
                raise LauncherError(f"{path} cannot be read: {error.strerror}", hint="do it as its owner") from error
    if options.deployment is not None:
        yield from deployment.saved(options.deployment)


async def _add_history(writer: Writer, archive: Archive, tables: Sequence[Table], progress: Progress) -> Counter[Table]:
    """Write every row; samples come first, so that what a database goes on writing is never missing in a quarter."""
    rows: Counter[Table] = Counter(dict.fromkeys(tables, 0))
    written_pages: Counter[Table] = Counter()
    async for page in archive.pages(tables):
        table = page.series.table
        written_pages[table] += 1
        rows[table] += len(page.rows)
        name = f"{pages.folder(table)}{written_pages[table]:06}.jsonl.gz"
        writer.add(name, pages.packed(page), rows=len(page.rows))
        progress("saving, row", rows.total())
    return rows


def _tell(
    options: BackupOptions, path: Path, size: int, rows: Counter[Table], seconds: float, *, read_back: bool, gone: int
) -> None:
    """Say what the backup holds; on standard error where the backup itself is on standard output."""
    where = "standard output" if options.file == STDOUT else str(path)
    proof = "read back and found whole" if read_back else "not read back"
    counted = ", ".join(f"{rows[table]:,} {NAMES.get(table, table)}" for table in NAMES if table in rows)
    thinned = f"; {gone} older ones removed" if gone else ""
    text = f"{where}: {counted}; {size / 1e6:,.1f} MB in {seconds:.0f} s, {proof}{thinned}\n"
    (sys.stderr if options.file == STDOUT else sys.stdout).write(text)
