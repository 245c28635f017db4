"""Mistakes in settings, each told in one sentence with its place and the nearest right name."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from meterkast_runtime.section import Section
from meterkast_runtime.settings_file import CONFIG_VARIABLE

ENV_PREFIX = "METERKAST_"
ENV_DELIMITER = "__"
KNOWN_NAMES = (
    "instance",
    "data_dir",
    "mqtt",
    "home",
    "log",
    "metrics",
    "reader",
    "parser",
    "store",
    "history",
    "api",
    "compat",
    "console",
)
"""Every top-level name of any service; a service passes over the sections of the others."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """What settings were read, and from where."""

    file: Path | None = None
    tables: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)

    def place(self, keys: tuple[str, ...]) -> str:
        """Name a setting the way it was given: the variable, or the file and the key."""
        variable = env_name(keys)
        if variable in {name.upper() for name in self.environment}:
            return variable
        return f"{self.file}: {'.'.join(keys)}" if _holds(self.tables, keys) else ".".join(keys)


def env_name(keys: Iterable[str]) -> str:
    """Return the environment variable of a setting: METERKAST_MQTT__PORT for mqtt.port."""
    return ENV_PREFIX + ENV_DELIMITER.join(keys).upper()


def sentences(cls: type[BaseModel], error: ValidationError, given: Given) -> Iterator[str]:
    """Say each mistake pydantic found in one sentence."""
    for detail in error.errors(include_url=False):
        keys = tuple(str(part) for part in detail["loc"])
        place = given.place(keys)
        if detail["type"] == "extra_forbidden":
            yield _unknown(place, keys, _names(_model_at(cls, keys[:-1])))
        else:
            yield f"{place} {_said(cls, keys, detail)}"


def foreign_mistakes(cls: type[BaseModel], given: Given) -> Iterator[str]:
    """Say which top-level names of the file and the environment belong to no service."""
    known = {*KNOWN_NAMES, *cls.model_fields}
    for name in given.tables:
        if name not in known:
            yield _unknown(given.place((name,)), (name,), known)
    for variable in given.environment:
        if not variable.upper().startswith(ENV_PREFIX) or variable.upper() == CONFIG_VARIABLE:
            continue
        name, nested, _ = variable.upper().removeprefix(ENV_PREFIX).lower().partition(ENV_DELIMITER)
        if name not in known and (nested or get_close_matches(name, known)):
            right = [env_name([near]) for near in get_close_matches(name, known, n=1)]
            yield f"{variable} is not a setting{_did_you_mean(right, [env_name([one]) for one in sorted(known)])}"


def _said(cls: type[BaseModel], keys: tuple[str, ...], detail: ErrorDetails) -> str:
    message = detail["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:] if message.startswith("Input") else message
    if detail["type"] == "missing":
        return "is needed but not set"
    given = detail["input"]
    if _is_secret(cls, keys) or isinstance(given, (Mapping, BaseModel, SecretStr)) or detail["type"] == "value_error":
        return f"is wrong: {message}"
    return f"is {given!r}: {message}"


def _unknown(place: str, keys: tuple[str, ...], known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(keys[-1].lower(), names, n=1)
    if place.startswith(ENV_PREFIX):
        near = [env_name((*keys[:-1], name)) for name in near]
    else:
        near = [".".join((*keys[:-1], name)) for name in near]
    return f"{place} is not a setting{_did_you_mean(near, names)}"


def _did_you_mean(near: list[str], names: list[str]) -> str:
    return f": did you mean {near[0]}?" if near else f"; known are {', '.join(names)}"


def _names(model: type[BaseModel] | None) -> set[str]:
    if model is None:
        return set()
    secrets = model.secrets() if issubclass(model, Section) else set()
    return {*model.model_fields, *(f"{name}_file" for name in secrets)}


def _model_at(cls: type[BaseModel], keys: tuple[str, ...]) -> type[BaseModel] | None:
    model: Any = cls
    for key in keys:
        if not (isinstance(model, type) and issubclass(model, BaseModel) and key in model.model_fields):
            return None
        model = model.model_fields[key].annotation
    return model if isinstance(model, type) and issubclass(model, BaseModel) else None


def _is_secret(cls: type[BaseModel], keys: tuple[str, ...]) -> bool:
    for depth, key in enumerate(keys):
        model = _model_at(cls, keys[:depth])
        if model is not None and key in model.model_fields and "Secret" in str(model.model_fields[key].annotation):
            return True
    return False


def _holds(tables: Mapping[str, Any], keys: tuple[str, ...]) -> bool:
    value: Any = tables
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            return isinstance(value, list)
        value = value[key]
    return True
