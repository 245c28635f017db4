"""The tree of a console, and what SFTP needs of it."""

import importlib
from functools import partial
from pathlib import Path
from typing import Any

from meterkast_console.files.directory import Directory
from meterkast_console.files.making import Asked, make
from meterkast_console.files.shelf import Shelf
from meterkast_console.files.tree import Tree
from meterkast_console.settings import ConsoleSettings, FilesSection

FOLDER = "console-files"


def tree_of(settings: ConsoleSettings, api: Asked) -> Tree:
    """Return the tree, its shelf in the data folder."""
    return tree_at(settings.data_dir / FOLDER, api, settings.console.files)


def tree_at(folder: Path, api: Asked, section: FilesSection) -> Tree:
    """Return the tree, its shelf in a folder."""
    return Tree(Directory(api), Shelf(folder, partial(make, api), most_bytes=section.cache_mb << 20))


def sftp_of(tree: Tree) -> Any:
    """Return what an SSH server is given as `sftp_factory`."""
    return importlib.import_module("meterkast_console.sftp").sftp_factory(tree)
