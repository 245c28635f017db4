"""What is sent to a browser that comes for the first time."""

import gzip
import re
from pathlib import Path

FIRST_PAINT_BYTES = 80_000
FIRST_LOAD_BYTES = 150_000
COMPRESSED = {".woff2", ".png"}


def size(file: Path) -> int:
    """Bytes on the wire."""
    content = file.read_bytes()
    return len(content) if file.suffix in COMPRESSED else len(gzip.compress(content))


def test_size(built: Path) -> None:
    """The live value needs less than 80 kB, compressed, font included; with the curve, all is less than 150 kB."""
    page = (built / "index.html").read_text()
    named = [built / name for name in re.findall(r'(?:src|href)="\./([^"]+)"', page) if not name.endswith(".png")]
    fonts = list(built.glob("assets/*.woff2"))
    first = sum(map(size, [built / "index.html", *named, *fonts]))
    curve = sum(map(size, built.glob("assets/power-curve-*")))
    print(f"{first:,} B for the value, {curve:,} B for the curve")  # noqa: T201 - the sizes are for the reader
    assert named
    assert curve
    assert first < FIRST_PAINT_BYTES
    assert first + curve < FIRST_LOAD_BYTES


def test_policy_of_files(built: Path) -> None:
    """The page has no script or style of its own inside, and names nothing from elsewhere."""
    page = (built / "index.html").read_text()
    assert not re.search(r"style=|<style|javascript:|https?://", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)


def test_offline_files(built: Path) -> None:
    """The service worker keeps every file of the page, and none that is not there."""
    worker = (built / "sw.js").read_text()
    kept = set(re.findall(r'"((?:assets/)?[\w.-]+\.(?:js|css|woff2|svg|webmanifest))"', worker))
    files = {file.relative_to(built).as_posix() for file in built.rglob("*") if file.is_file()}
    assert kept == {name for name in files if not name.endswith(".png")} - {"index.html", "sw.js"}
