"""Pages of history as members of a backup: gzipped JSON lines.

The first line says whose rows they are and names their fields; each line after it is a row: its time in Unix
milliseconds, then a value for each field, null where the row has none. Registers are integers of Wh, l, kJ.

    {"table":"quarter","gateway":"home","name":"E0043","kind":"","fields":["lag","energy_import_t1_wh"]}
    [1773144900000,1000,1000896]
"""

import gzip
import re
import zlib

import orjson
from meterkast_store.archive import Page
from meterkast_store.rows import Series, Table

from meterkast.backup.errors import BackupDamagedError

FOLDER = "history/"
LEVEL = 4
_FIELD = re.compile(r"[a-z][a-z0-9_]*")


def folder(table: Table) -> str:
    """Return where a table's pages lie."""
    return f"{FOLDER}{table}/"


def packed(page: Page) -> bytes:
    """Return a page as it is kept."""
    series = page.series
    head = {
        "table": series.table, "gateway": series.gateway, "name": series.name, "kind": series.kind,
        "fields": list(page.fields),
    }  # fmt: skip
    lines = [orjson.dumps(head), *map(orjson.dumps, page.rows), b""]
    return gzip.compress(b"\n".join(lines), LEVEL, mtime=0)


def unpacked(name: str, data: bytes) -> Page:
    """Return the page; raises BackupDamagedError."""
    try:
        head, *rows = orjson.loads(b"[" + gzip.decompress(data).rstrip(b"\n").replace(b"\n", b",") + b"]")
        table, fields = Table(head["table"]), head["fields"]
        series = Series(table, head["gateway"], head["name"], head["kind"])
    except (OSError, EOFError, zlib.error, ValueError, LookupError, TypeError) as error:
        raise BackupDamagedError(
            f"{name} in the backup is no page of history that this program knows ({error})",
            hint="take another backup, or a newer Meterkast if a newer one made it",
        ) from error
    wide = len(fields) + 1
    if not all(map(_FIELD.fullmatch, fields)) or not all(len(row) == wide and isinstance(row[0], int) for row in rows):
        raise BackupDamagedError(f"{name} in the backup is no page of history", hint="take another backup")
    return Page(series, fields, rows)
