"""Settings from environment variables."""

from typing import Any, get_origin

from pydantic.fields import FieldInfo
from pydantic_settings import EnvSettingsSource

LISTS = (list, tuple, set, frozenset)


class EnvironmentSource(EnvSettingsSource):
    """Reads variables; a list may be written as JSON or with commas, and other text is left for validation to judge."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        """Decode JSON where it is JSON."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            if field is not None and get_origin(field.annotation) in LISTS:
                return [part.strip() for part in value.split(",") if part.strip()]
            return value
