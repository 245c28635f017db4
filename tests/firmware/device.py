"""A chip to test with: flash images, releases with their signatures, and boots of real MicroPython."""

import hashlib
import json
import os
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from littlefs import LittleFS
from meterkast.firmware.compiling import compiled as as_released

from tests.firmware.interpreter import CHIP_BYTES, STAND_IN, interpreter, stand_in_bytes

ROOT = Path(__file__).resolve().parents[2]
FIRMWARE = ROOT / "firmware"
PRODUCT = "meterkast-esp01"
BLOCK, BLOCKS = 4096, 98
AGAIN = 75
_KILLED = ("RESET FROM AN INTERRUPT", "CUT THE POWER", "HANGING")

Files = dict[str, bytes]


@cache
def compiled(source: Path | str, name: str = "start.py") -> bytes:
    """The .mpy of a file or a text, as a release has it."""
    if isinstance(source, Path):
        return as_released(source)
    with TemporaryDirectory() as folder:
        given = Path(folder) / name
        given.write_text(source)
        return as_released(given)


@dataclass(frozen=True)
class Release:
    """A signed release: the manifest's exact bytes, its signature, and the files."""

    manifest: bytes
    signature: bytes
    files: Files

    def served(self) -> Files:
        """What its folder on the server holds."""
        return {"manifest.json": self.manifest, "manifest.sig": self.signature, **self.files}


@dataclass
class Signer:
    """A key pair for releases."""

    key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65537, 2048))

    def sign(self, manifest: bytes) -> bytes:
        """PKCS#1 v1.5 with SHA-256."""
        return self.key.sign(manifest, padding.PKCS1v15(), hashes.SHA256())

    def public(self) -> bytes:
        """RSAPublicKey in DER, as the device keeps it."""
        return self.key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)

    def release(self, sequence: int, files: Files, /, **changes: object) -> Release:
        """A release of these files; `changes` are other fields of the manifest."""
        manifest = {
            "product": PRODUCT,
            "version": f"1.{sequence}.0",
            "sequence": sequence,
            "downgrade": False,
            "files": [
                {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in sorted(files.items())
            ],
        } | changes
        text = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
        return Release(text, self.sign(text), files)


APPLICATION = """
import os
import state

def run(now):
    print("RUNS", state.version(), "in", state.running(), "as", now["mode"])
    if now["mode"] == "update":
        import update
        update.run(now, {})
    todo = os.getenv("TODO")
    exec(todo or "state.confirm(); state.restart()", {"state": state, "now": now})
"""


def application(**changes: str) -> Files:
    """An application that updates itself as the real one does, and otherwise does what the test says."""
    return {
        "start.mpy": compiled(changes.get("start", APPLICATION)),
        "wifi.mpy": compiled(changes.get("wifi", "def connect(config): return ''"), "wifi.py"),
        **{f"{name}.mpy": compiled(FIRMWARE / "app" / f"{name}.py") for name in ("update", "signature")},
    }


@cache
def signer() -> "Signer":
    """The key that the devices of these tests trust."""
    return Signer()


def new_image(release: Release | None = None, other: Release | None = None, /, **root: bytes) -> bytes:
    """A new flash: the selector, the key, release 1 in slot a unless told otherwise; `state__json` is /state.json."""
    files = {**selector_files(), "key.der": signer().public(), **{k.replace("__", "."): v for k, v in root.items()}}
    return image(files, a=release or signer().release(1, application()), b=other)


def selector_files() -> Files:
    """The root of the flash: boot.py and main.py as they are, the others compiled."""
    folder = FIRMWARE / "selector"
    return {
        **{name: (folder / name).read_bytes() for name in ("boot.py", "main.py")},
        **{f"{name}.mpy": compiled(folder / f"{name}.py") for name in ("mark", "selector", "state")},
    }


def image(root: Files, **slots: Release | None) -> bytes:
    """A flash with these files in its root and these releases in its slots."""
    disk = LittleFS(block_size=BLOCK, block_count=BLOCKS, read_size=32, prog_size=32, cache_size=128, lookahead_size=32)
    contents = dict(root)
    for slot, release in slots.items():
        disk.mkdir(f"/{slot}")
        if release:
            contents |= {f"{slot}/{name}": content for name, content in release.served().items()}
    for name, content in contents.items():
        with disk.open(f"/{name}", "wb") as file:
            file.write(content)
    return bytes(disk.context.buffer)


def files_of(flash: bytes) -> Files:
    """All files of a flash by path."""
    disk = LittleFS(
        block_size=BLOCK, block_count=BLOCKS, read_size=32, prog_size=32, cache_size=128, lookahead_size=32, mount=False
    )
    disk.context.buffer[:] = flash
    disk.mount()
    found = {}
    for folder, _, names in disk.walk("/"):
        for name in names:
            path = f"{folder.rstrip('/')}/{name}"
            with disk.open(path, "rb") as file:
                found[path] = file.read()
    return found


@dataclass
class Chip:
    """One chip, its flash and RTC memory as files in a folder; `hurry` divides the time of timers, 0 stops them."""

    folder: Path
    heap: int = field(default_factory=lambda: CHIP_BYTES + stand_in_bytes())
    hurry: int = 0
    cause: int = 0

    def flash(self, content: bytes) -> None:
        """Flash it by wire, as new."""
        (self.folder / "flash").write_bytes(content)
        (self.folder / "rtc").write_bytes(b"\0")
        self.cause = 0

    def files(self) -> Files:
        """All files of its flash."""
        return files_of((self.folder / "flash").read_bytes())

    def state(self) -> dict[str, object]:
        """/state.json."""
        found = json.loads(self.files()["/state.json"])
        assert isinstance(found, dict)
        return found

    def boot(self, todo: str = "", *, cause: int | None = None) -> str:
        """Start it, and return what it printed up to its next restart; `cause` 0 means that the power was away.

        `todo` is what APPLICATION does in place of reading a meter.
        """
        cause = self.cause if cause is None else cause
        if cause == 0:
            (self.folder / "rtc").write_bytes(b"\0")
        lines = []
        with subprocess.Popen(
            [*interpreter().command, "-X", f"heapsize={self.heap}", STAND_IN / "power_on.py", self.folder / "flash"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ
            | {
                "MICROPYPATH": f"{STAND_IN}:.frozen",
                "FIRMWARE_RTC": str(self.folder / "rtc"),
                "FIRMWARE_RESET_CAUSE": str(cause),
                "FIRMWARE_HURRY": str(self.hurry or ""),
                "FIRMWARE_SLEEP": "10000",
                "TODO": todo,
            },
        ) as process:
            assert process.stdout
            overdue = Timer(60, process.kill)
            overdue.start()
            for line in process.stdout:
                lines.append(line)
                if line.startswith(_KILLED):
                    process.kill()
            overdue.cancel()
        printed = "".join(lines)
        told = printed.splitlines()[-1:] and printed.splitlines()[-1].startswith(_KILLED)
        assert process.returncode == (-9 if told else AGAIN), printed or "it hung for a minute"
        self.cause = 0 if "CUT THE POWER" in printed else 1 if "HANGING" in printed else 4
        return printed
