"""What is sent to a browser that comes for the first time."""

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

FIRST_PAINT_BYTES = 80_000
FIRST_LOAD_BYTES = 150_000
COMPRESSED = {".woff2", ".png"}
STATIC_IMPORT = re.compile(r"(?:from|import)\s*[\"'`]\./([^\"'`]+\.js)[\"'`]")


def size(file: Path) -> int:
    """Bytes on the wire."""
    content = file.read_bytes()
    return len(content) if file.suffix in COMPRESSED else len(gzip.compress(content))


def with_imports(files: Iterable[Path]) -> set[Path]:
    """The files and every script that they cannot begin without."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        file = waiting.pop()
        if file in found:
            continue
        found.add(file)
        if file.suffix == ".js":
            waiting += [file.parent / name for name in STATIC_IMPORT.findall(file.read_text())]
    return found


def test_size(built: Path) -> None:
    """The live value needs less than 80 kB, compressed, font included; with the curve, all is less than 150 kB."""
    page = (built / "index.html").read_text()
    named = [built / name for name in re.findall(r'(?:src|href)="\./([^"]+)"', page) if not name.endswith(".png")]
    first = with_imports([built / "index.html", *named, *built.glob("assets/*.woff2")])
    whole = with_imports([*first, *built.glob("assets/power-curve-*"), *built.glob("assets/*.css")])
    sizes = sum(map(size, first)), sum(map(size, whole))
    print(f"{sizes[0]:,} B for the value, {sizes[1]:,} B with the curve")  # noqa: T201 - the sizes are for the reader
    assert named
    assert len(whole) > len(first)
    assert sizes[0] < FIRST_PAINT_BYTES
    assert sizes[1] < FIRST_LOAD_BYTES


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
