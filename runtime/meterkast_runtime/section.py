"""A section of the settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator


class Section(BaseModel):
    """Frozen settings that belong together; each secret `x` may instead be named by the file it stands in, `x_file`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)

    @classmethod
    def secrets(cls) -> set[str]:
        """Names of the fields that hold a secret."""
        return {
            name
            for name, field in cls.model_fields.items()
            if field.annotation is SecretStr or field.annotation == SecretStr | None
        }

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        values = dict(given)
        for name in cls.secrets():
            path = values.pop(f"{name}_file", None)
            if path is None:
                continue
            if values.get(name) is not None:
                raise ValueError(f"{name} and {name}_file are both set: keep one of them")
            values[name] = _secret(Path(str(path)), name)
        return values


def _secret(path: Path, name: str) -> str:
    try:
        return path.expanduser().read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValueError(f"{name}_file {path} cannot be read: {reason}") from error
