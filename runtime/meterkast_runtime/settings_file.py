"""Where `meterkast.toml` is, and what stands in it."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import platformdirs

from meterkast_runtime.errors import SettingsError

CONFIG_VARIABLE = "METERKAST_CONFIG"
FILE_NAME = "meterkast.toml"


def settings_file(environment: Mapping[str, str]) -> Path | None:
    """Return the file METERKAST_CONFIG names, else ./meterkast.toml, else the one in the user's config folder."""
    if named := environment.get(CONFIG_VARIABLE):
        path = Path(named).expanduser()
        if not path.is_file():
            raise SettingsError([f"{CONFIG_VARIABLE} names {path}, but there is no such file"])
        return path
    places = (Path(FILE_NAME), platformdirs.user_config_path("meterkast") / FILE_NAME)
    return next((path for path in places if path.is_file()), None)


def read_settings_file(path: Path | None) -> dict[str, Any]:
    """Return the tables of the file; raises SettingsError where it cannot be read or is not TOML."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{path} is not valid TOML: {error}"]) from error
    except UnicodeDecodeError as error:
        raise SettingsError([f"{path} is not UTF-8 text (byte {error.start})"]) from error
    except OSError as error:
        raise SettingsError([f"{path} cannot be read: {error.strerror}"]) from error
