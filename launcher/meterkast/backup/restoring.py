"""`meterkast restore`: what a backup holds, put back; nothing is touched before the whole file has been checked."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from meterkast_api.database import FILE as ACCOUNTS
from meterkast_store.archive import FOR_A_TIME, FOR_EVER, Archive, Page, open_archive

from meterkast.backup import accounts, deployment, pages
from meterkast.backup.container import Contents, read
from meterkast.backup.making import HOST_KEY
from meterkast.backup.settings import BackupSettings
from meterkast.errors import LauncherError
from meterkast.folder import data_folder
from meterkast.progress import Progress


@dataclass(frozen=True, kw_only=True)
class RestoreOptions:
    """What was asked on the command line."""

    replace: bool = False
    merge: bool = False
    deployment: Path | None = None


class Restoring:
    """Puts one checked backup back."""

    def __init__(self, file: BinaryIO, held: Contents, options: RestoreOptions, settings: BackupSettings) -> None:
        self._file = file
        self._held = held
        self._options = options
        self._settings = settings
        self._accounts = settings.data_dir / ACCOUNTS
        self._progress = Progress()

    async def run(self) -> int:
        """Put everything back; return how many rows of history were put. Raises MeterkastError."""
        folder = self._settings.data_dir
        with nullcontext() if self._options.merge else data_folder(folder):
            async with open_archive(self._settings.store, folder) as archive:
                if not self._options.merge and not self._options.replace:
                    await self._refuse(archive)
                rows = await (self._merge(archive) if self._options.merge else self._refill(archive))
        self._progress.clear()
        return rows

    async def _refuse(self, archive: Archive) -> None:
        """Raise LauncherError where something is here that would be lost."""
        here = [] if await archive.empty() else ["a history"]
        image = self._image()
        if image is not None and not accounts.same(self._accounts, image):
            here += accounts.held(self._accounts)
        if self._options.deployment is not None:
            here += deployment.different(self._options.deployment, self._deployed())
        if here:
            raise LauncherError(
                f"there is something here already: {', '.join(here)}",
                hint="--replace puts the backup in its place; --merge adds what is missing, "
                "which also ends a restore that was cut off",
            )

    def _put_files(self) -> None:
        """Write what `meterkast init` wrote, and the console's host key."""
        merging = self._options.merge
        found = self._held.found.get(HOST_KEY)
        key = self._settings.data_dir / HOST_KEY
        if found is not None and not (merging and key.exists()):
            key.parent.mkdir(parents=True, exist_ok=True)
            deployment.write(key, read(self._file, found), 0o600)
        if (folder := self._options.deployment) is not None:
            for one in self._held.under(deployment.FOLDER):
                name = one.member.name
                if not (merging and deployment.place(folder, name).exists()):
                    deployment.put(folder, name, read(self._file, one), one.mode)

    def _put_accounts(self) -> None:
        image = self._image()
        if image is None:
            return
        if self._options.merge:
            accounts.merge(self._accounts, image)
        elif not accounts.same(self._accounts, image):
            accounts.replace(self._accounts, image)

    async def _refill(self, archive: Archive) -> int:
        rows = 0
        async with archive.refill() as put:
            self._put_accounts()
            self._put_files()
            for page in self._pages():
                rows += await put(page)
                self._progress("restoring, row", rows)
        return rows

    async def _merge(self, archive: Archive) -> int:
        self._put_accounts()
        self._put_files()
        rows = seen = 0
        for page in self._pages():
            rows += await archive.add(page)
            seen += len(page.rows)
            self._progress("merging, row", seen)
        await archive.settle()
        return rows

    def _pages(self) -> Iterator[Page]:
        """Quarters before samples: where a sample is, the quarter with it is, also when this is cut off."""
        for table in (*FOR_EVER, *FOR_A_TIME):
            for found in self._held.under(pages.folder(table)):
                yield pages.unpacked(found.member.name, read(self._file, found))

    def _image(self) -> bytes | None:
        found = self._held.found.get(ACCOUNTS)
        return None if found is None else read(self._file, found)

    def _deployed(self) -> Iterator[tuple[str, bytes]]:
        for found in self._held.under(deployment.FOLDER):
            yield found.member.name, read(self._file, found)
