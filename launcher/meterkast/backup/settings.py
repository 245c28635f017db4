"""What backup and restore are told, and meterkast.toml in a backup."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import platformdirs
from meterkast_runtime.settings import Settings, load_settings
from meterkast_runtime.settings_file import CONFIG_VARIABLE, FILE_NAME, settings_file
from meterkast_store.settings import StoreSettings

from meterkast.backup import deployment
from meterkast.backup.container import Contents, read


class BackupSettings(Settings):
    """The common settings, and where history is."""

    store: StoreSettings = StoreSettings()


def loaded(data_dir: Path | None) -> BackupSettings:
    """Read the settings; raises SettingsError."""
    return load_settings(BackupSettings, overrides={"data_dir": data_dir} if data_dir else {})


def settings_in_force() -> Path | None:
    """Return the file that the settings come from; raises SettingsError where the named one is missing."""
    return settings_file(dict(os.environ))


@contextmanager
def settings_brought(file: BinaryIO, held: Contents) -> Iterator[None]:
    """Use the backup's meterkast.toml where none is here: it is put in its place, and taken away after an error."""
    found = held.found.get(FILE_NAME)
    named = os.environ.get(CONFIG_VARIABLE)
    place = Path(named).expanduser() if named else platformdirs.user_config_path("meterkast") / FILE_NAME
    here = place if place.exists() else settings_in_force() if not named else None
    if found is None or here is not None:
        if found is not None and here is not None and here.read_bytes() != read(file, found):
            sys.stdout.write(f"{here} stays as it is; the backup has another {FILE_NAME}, which tar can take out\n")
        yield
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    deployment.write(place, read(file, found), 0o600)
    try:
        yield
    except BaseException:
        place.unlink()
        raise
    sys.stdout.write(f"{FILE_NAME} is put back: {place}\n")
