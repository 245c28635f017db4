"""Why a path gives nothing.

FilesError
├── NotThereError    there is no such file or folder
├── FolderError      a folder was taken for a file
├── FileInTheWayError  a file was taken for a folder
├── NotReadyError    it is being made and takes longer than anybody waits
└── NotMadeError     it could not be put on the disk
"""

from meterkast_runtime.errors import MeterkastError


class FilesError(MeterkastError):
    """A path gives nothing."""


class NotThereError(FilesError):
    """There is nothing at `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(f"there is no {path}")
        self.path = path


class FolderError(FilesError):
    """What is at `path` is a folder."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is a folder")
        self.path = path


class FileInTheWayError(FilesError):
    """What is at `path` is a file."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is a file, not a folder")
        self.path = path


class NotReadyError(FilesError):
    """`ready` of `wanted` files are there, the others are being made."""

    def __init__(self, ready: int, wanted: int) -> None:
        super().__init__(f"files are being made, {ready} of {wanted} are ready", hint="try again in a minute")
        self.ready = ready
        self.wanted = wanted


class NotMadeError(FilesError):
    """The file at `path` could not be put on the disk."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} cannot be made ({reason})", hint="see how much room the data folder has")
        self.path = path
