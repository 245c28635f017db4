"""The `[parser.compat]` section."""

from typing import Annotated, Self

from meterkast_contracts.messages import GatewayName
from meterkast_runtime.section import Section
from pydantic import Field, StringConstraints, model_validator

RESERVED = frozenset({"reading", "meter-stats", "consumption"})
"""DSMR-reader's second topic levels: no gateway can be called so while they are written."""
TopTopic = Annotated[str, StringConstraints(pattern=r"^[^/+#$\s]+(/[^/+#$\s]+)*$")]


class CompatSection(Section):
    """Which other programs' topics are written too, and of whose meter."""

    dsmr_reader: bool = Field(default=False, description="Write DSMR-reader's topics.")
    dsmr_reader_topic: TopTopic = Field(default="dsmr", description="What DSMR-reader's topics begin with.")
    dsmr_logger: bool = Field(default=False, description="Write the DSMR logger's topics.")
    dsmr_logger_topic: TopTopic = Field(default="DSMR-API", description="The DSMR logger's top topic.")
    dsmr_logger_interval_s: int = Field(
        default=10, ge=0, le=900, description="The DSMR logger's MQTT interval; 0 writes with every reading."
    )
    gateway: GatewayName | None = Field(
        default=None, description="Whose meter they show, since those programs know one; without it the only one."
    )

    @model_validator(mode="after")
    def _tellable(self) -> Self:
        if self.dsmr_reader and self.gateway in RESERVED:
            raise ValueError(f"gateway {self.gateway!r} cannot be told from DSMR-reader's topics: choose another name")
        return self
