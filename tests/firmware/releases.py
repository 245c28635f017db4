"""Releases made by hand: a small source, a key pair made once, and builds of it."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from meterkast.firmware.compiling import Built, build
from meterkast.firmware.signing import sign
from meterkast.firmware.source import Source
from meterkast_api.firmware.release import Release

START = 'def run(state):\n    """Say so."""\n    print("started", state)\n'


@cache
def key() -> RSAPrivateKey:
    """One key pair for all tests."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class Workshop:
    """A folder with a firmware source in it, and what is built of it."""

    folder: Path

    @classmethod
    def of(cls, folder: Path) -> "Workshop":
        """Write the source."""
        for name, text in {
            "app/start.py": START,
            "app/page.html": "<!doctype html><title>P1</title>",
            "selector/boot.py": "import os\n",
            "selector/main.py": "import state\nprint('main', state.NAME)\n",
            "selector/state.py": "NAME = 'state'\n",
            "version.toml": 'version = "1.0.0"\nsequence = 1\n',
        }.items():
            path = folder / "firmware" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return cls(folder)

    @property
    def source(self) -> Source:
        """The source."""
        return Source(self.folder / "firmware")

    def built(self, version: str = "1.0.0", sequence: int = 1) -> Built:
        """A build, not signed."""
        return build(self.source, self.folder / "dist" / version, version=version, sequence=sequence)

    def release(self, version: str = "1.0.0", sequence: int = 1) -> Release:
        """A signed build."""
        return sign(self.built(version, sequence).folder, key())
