"""What can keep the launcher from doing what it was asked."""

from meterkast_runtime.errors import MeterkastError


class LauncherError(MeterkastError):
    """The command cannot be done as given; the sentence says what is wrong, the hint what to do."""
