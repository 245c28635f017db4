"""Settings: environment variables over `meterkast.toml`, checked before anything starts."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

import platformdirs
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from meterkast_runtime.errors import SettingsError
from meterkast_runtime.log import LogSection
from meterkast_runtime.monitoring import MetricsSection
from meterkast_runtime.mqtt.settings import MqttSettings
from meterkast_runtime.section import Section
from meterkast_runtime.settings_environment import EnvironmentSource
from meterkast_runtime.settings_file import read_settings_file, settings_file
from meterkast_runtime.settings_mistakes import ENV_DELIMITER, ENV_PREFIX, Given, foreign_mistakes, sentences

__all__ = [
    "HomeSection",
    "LogSection",
    "MetricsSection",
    "MqttSettings",
    "Section",
    "Settings",
    "SettingsError",
    "load_settings",
    "settings_or_exit",
]

EXIT_SETTINGS = 2

SettingsT = TypeVar("SettingsT", bound="Settings")


class HomeSection(Section):
    """The `home` section: where the house stands and what its people speak."""

    timezone: str = "Europe/Amsterdam"
    language: Literal["nl", "en"] = "nl"

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{name!r} is not a time zone: use a name such as Europe/Amsterdam") from error
        return name


class Settings(BaseSettings):
    """What every service needs, to which each adds its own section; only `load_settings` reads environment and file."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        env_ignore_empty=True,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=True,
    )

    instance: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    data_dir: Path = Field(default_factory=lambda: platformdirs.user_data_path("meterkast"))
    mqtt: MqttSettings = MqttSettings()
    home: HomeSection = HomeSection()
    log: LogSection = LogSection()
    metrics: MetricsSection = MetricsSection()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only what is passed in, so that a test's settings are what it says."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def load_settings(cls: type[SettingsT], *, overrides: Mapping[str, Any] | None = None) -> SettingsT:
    """Read overrides over environment over file; raises SettingsError with a sentence for each mistake."""
    environment = dict(os.environ)
    file = settings_file(environment)
    given = Given(file=file, tables=read_settings_file(file), environment=environment)
    problems = list(foreign_mistakes(cls, given))
    try:
        settings = cls(**_merged(given.tables, EnvironmentSource(cls)(), overrides or {}))
    except ValidationError as error:
        raise SettingsError([*problems, *sentences(cls, error, given)]) from error
    if problems:
        raise SettingsError(problems)
    return settings


def settings_or_exit(cls: type[SettingsT], *, overrides: Mapping[str, Any] | None = None) -> SettingsT:
    """Read the settings for a command: mistakes go to standard error, and the exit code is 2."""
    try:
        return load_settings(cls, overrides=overrides)
    except SettingsError as error:
        sys.stderr.write("".join(f"{problem}\n" for problem in error.problems))
        raise SystemExit(EXIT_SETTINGS) from None


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            if isinstance(below, Mapping) and isinstance(value, Mapping):
                result[key] = _merged(below, value)
            else:
                result[key] = value
    return result
