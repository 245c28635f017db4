"""`meterkast restore --check`: restored into a temporary database, and its sums compared with the history here."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zoneinfo import ZoneInfo

from meterkast_store import StoreSettings, open_store

from meterkast.backup.container import Contents
from meterkast.backup.restoring import RestoreOptions, Restoring
from meterkast.backup.settings import BackupSettings
from meterkast.backup.sums import Sums, ends_of, sums_of


async def check(file: BinaryIO, held: Contents, settings: BackupSettings) -> bool:
    """Whether every meter moved as much by the year as here; says by how much."""
    zone = ZoneInfo(settings.home.timezone)
    with TemporaryDirectory(prefix="meterkast-check-") as folder:
        aside = settings.model_copy(update={"data_dir": Path(folder), "store": StoreSettings()})
        await Restoring(file, held, RestoreOptions(), aside).run()
        async with open_store(aside.store, aside.data_dir) as store:
            ends = await ends_of(store)
            restored = await sums_of(store, ends, zone)
    async with open_store(settings.store, settings.data_dir) as store:
        if not await store.meters():
            sys.stdout.write("there is no history here to compare it with\n")
            _tell(restored, restored)
            return True
        here = await sums_of(store, ends, zone)
    for gateway, end in ends.items():
        sys.stdout.write(f"{gateway}, up to {end.astimezone(zone):%Y-%m-%d %H:%M}\n")
    return _tell(restored, here)


def _tell(restored: Sums, here: Sums) -> bool:
    """Write a line for each gateway and year; whether all agree."""
    same = True
    for gateway, year in sorted(restored):
        ours = restored[gateway, year]
        theirs = here.get((gateway, year), {})
        names = sorted(name for name, value in ours.items() if value or theirs.get(name))
        wrong = [name for name in names if ours[name] != theirs.get(name, 0)]
        same = same and not wrong
        said = ", ".join(f"{name} {ours[name]:,}" for name in names)
        sys.stdout.write(f"  {gateway} {year}: {said}\n")
        for name in wrong:
            sys.stdout.write(f"  {gateway} {year}: {name} differs, {theirs.get(name, 0):,} here\n")
    sys.stdout.write("the sums of every meter agree\n" if same else "the sums differ\n")
    return same
