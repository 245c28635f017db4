"""What can be wrong with a backup."""

from meterkast.errors import LauncherError


class BackupDamagedError(LauncherError):
    """The file is no whole backup of a kind that this program knows; nothing was done with it."""
