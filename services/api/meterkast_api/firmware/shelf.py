"""Where releases of the gateways' firmware are kept: a folder for each version."""

import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from re import fullmatch

from meterkast_contracts.firmware import FILE_PATTERN, MANIFEST, SIGNATURE, VERSION_PATTERN, Manifest, ManifestError

from meterkast_api.firmware.release import Release

FOLDER = "firmware"


class ReleaseExistsError(Exception):
    """Another release stands under this version: what devices have heard of is never changed."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A release on the shelf, and since when."""

    manifest: Manifest
    added_at: datetime


class Shelf:
    """Releases under a folder; a release is there as a whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def releases(self) -> list[Kept]:
        """Every release, the newest (highest sequence) first."""
        found = [kept for path in self._folder.glob("*/" + MANIFEST) if (kept := _kept(path))]
        return sorted(found, key=lambda kept: kept.manifest.sequence, reverse=True)

    def newest(self) -> Kept | None:
        """The release with the highest sequence."""
        return next(iter(self.releases()), None)

    def get(self, version: str) -> Kept | None:
        """One release."""
        return _kept(self._folder / version / MANIFEST) if fullmatch(VERSION_PATTERN, version) else None

    def file(self, version: str, name: str) -> bytes | None:
        """One file of a release, None where there is none; nothing else can be reached."""
        known = name in (MANIFEST, SIGNATURE) or fullmatch(FILE_PATTERN, name)
        if not known or not fullmatch(VERSION_PATTERN, version):
            return None
        try:
            return (self._folder / version / name).read_bytes()
        except OSError:
            return None

    def put(self, release: Release) -> bool:
        """Keep a release; whether it is new. Raises ReleaseExistsError where the version is another's."""
        version = release.manifest.version
        target = self._folder / version
        if target.exists():
            if all(self.file(version, name) == data for name, data in release.contents.items()):
                return False
            raise ReleaseExistsError(f"there is another release {version} already: give this one a version of its own")
        self._folder.mkdir(parents=True, exist_ok=True)
        making = self._folder / f".{version}.{secrets.token_hex(4)}"
        making.mkdir()
        try:
            for name, data in release.contents.items():
                (making / name).write_bytes(data)
            making.rename(target)
        except OSError:
            shutil.rmtree(making, ignore_errors=True)
            raise
        return True

    def remove(self, version: str) -> bool:
        """Take a release away; whether there was one."""
        if self.get(version) is None:
            return False
        gone = self._folder / f".{version}.{secrets.token_hex(4)}"
        (self._folder / version).rename(gone)
        shutil.rmtree(gone)
        return True


def _kept(path: Path) -> Kept | None:
    if path.parent.name.startswith("."):
        return None
    try:
        return Kept(Manifest.from_bytes(path.read_bytes()), datetime.fromtimestamp(path.stat().st_mtime, UTC))
    except (OSError, ManifestError):
        return None
