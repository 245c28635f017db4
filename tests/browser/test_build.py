"""What is sent to a browser that comes for the first time."""

import gzip
import re
from pathlib import Path

FIRST_LOAD_BYTES = 150_000
COMPRESSED = {".woff2"}


def test_size(built: Path) -> None:
    """What a first visit loads is less than 150 kB, compressed, with the live data still to come."""
    sizes = {
        file.relative_to(built).as_posix(): len(
            file.read_bytes() if file.suffix in COMPRESSED else gzip.compress(file.read_bytes())
        )
        for file in sorted(built.rglob("*"))
        if file.is_file()
    }
    print("\n".join(f"{size:>8,} {name}" for name, size in sizes.items()))  # noqa: T201 - the sizes are for the reader
    assert sum(sizes.values()) < FIRST_LOAD_BYTES
    page = (built / "index.html").read_text()
    assert not re.search(r"style=|<style|javascript:|https?://", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
