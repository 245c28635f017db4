"""A gateway of firmware and a meter, both on this computer: real MicroPython, a pseudo-terminal, a file as flash."""

import shutil
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from meterkast.firmware.compiling import build
from meterkast.firmware.signing import sign
from meterkast.firmware.source import Source
from meterkast_api.firmware.release import Release
from meterkast_reader.simulator import Meter

from tests.firmware.releases import key
from tests.launcher.command import command, environment

SOURCE = Path(__file__).parents[2] / "firmware"
NAME = "esp01-dsmr-3f"
STOPS_WITHIN_S = 30
_AS_A_SCRIPT = ("sh", "-c", "trap '' INT; exec \"$@\"", "sh")
"""Start it as a script does what it leaves in the background: Ctrl-C is ignored unless the program asks for it."""


def telegrams(count: int = 60) -> list[bytes]:
    """Telegrams of the last minute, so that their clock is right."""
    now = int(datetime.now(UTC).timestamp())
    meter = Meter("nl-dsmr5", 6, starts=datetime.fromtimestamp(now - count, UTC))
    return [raw for second in range(now - count, now) if (raw := meter.telegram(second))]


def release(folder: Path, version: str, sequence: int, *, breaks: str = "") -> tuple[Path, Release]:
    """A signed release of the real firmware; `breaks` is put where its start begins to work."""
    source = folder / f"source-{version}"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
    start = source / "app" / "start.py"
    start.write_text(start.read_text() + (f"\n\ndef run(state):\n    {breaks}\n" if breaks else ""))
    built = build(Source(source), folder / version, version=version, sequence=sequence)
    return built.folder, sign(built.folder, key())


def public_key(folder: Path) -> Path:
    """The key that the gateway trusts, in a file."""
    file = folder / "firmware.pub.pem"
    file.write_bytes(key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


class Gateway:
    """`with Gateway(…)`: `meterkast firmware run`, stopped as by Ctrl-C, the firmware with it."""

    def __init__(self, directory: Path, port: str, broker_port: int) -> None:
        self._directory = directory
        self._arguments = (
            *("firmware", "run", "--source", str(SOURCE), "--port", port, "--gateway", NAME),
            *("--broker", f"127.0.0.1:{broker_port}", "--key", str(public_key(directory))),
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def said(self) -> str:
        """What it has printed: one line, where all is well."""
        return (self._directory / "firmware.txt").read_text(errors="replace")

    def __enter__(self) -> Self:
        with (self._directory / "firmware.txt").open("wb") as said:
            self._process = subprocess.Popen(
                [*_AS_A_SCRIPT, *command(*self._arguments)], stdout=said, stderr=said, cwd=self._directory,
                env=environment(self._directory),
            )  # fmt: skip
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOPS_WITHIN_S)
        finally:
            self._process.kill()
            self._process.wait()
