"""The `[parser.homeassistant]` section."""

from meterkast_runtime.section import Section
from pydantic import Field


class HomeAssistantSection(Section):
    """Whether and where Home Assistant is told of the meters."""

    enabled: bool | None = Field(
        default=None,
        description="Tell Home Assistant of every meter by MQTT discovery; when absent, unless parsers share.",
    )
    prefix: str = Field(
        default="homeassistant",
        pattern=r"^[^/+#$\s]+(/[^/+#$\s]+)*$",
        description="The discovery prefix that Home Assistant's MQTT integration is set to.",
    )
