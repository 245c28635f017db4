from meterkast_contracts.messages import GatewayName
from meterkast_runtime.section import Section
from meterkast_runtime.settings import Settings
from pydantic import Field, field_validator, model_validator

from meterkast_reader.sources.url import SourceError, parse_url


class SourceSection(Section):
    """One P1 port: where it is, and its gateway's name."""

    source: str = Field(description="Source URL: /dev/ttyUSB0, socket://host:port, rfc2217://…, replay:…, simulator:…")
    gateway: GatewayName = "home"

    @field_validator("source")
    @classmethod
    def _known(cls, source: str) -> str:
        try:
            parse_url(source)
        except SourceError as error:
            raise ValueError(str(error)) from error
        return source


class ReaderSection(Section):
    """Which P1 ports are read, and how much is kept while the broker is away."""

    source: str = Field(default="simulator:nl-dsmr5", description="Source URL of the one P1 port.")
    gateway: GatewayName = Field(default="home", description="Name of the one P1 port.")
    sources: tuple[SourceSection, ...] = Field(
        default=(), description="Several P1 ports, instead of source and gateway."
    )
    spool_mb: int = Field(default=256, ge=1, description="Most disk space of each gateway's spool.")
    resend_window_s: int = Field(
        default=3600, ge=0, description="Sent telegrams are kept so long, for a broker that has lost them."
    )
    late_per_s: int = Field(default=200, ge=1, description="Most late telegrams sent per second and gateway.")

    @model_validator(mode="after")
    def _check(self) -> "ReaderSection":
        SourceSection(source=self.source, gateway=self.gateway)
        return self

    @property
    def ports(self) -> tuple[SourceSection, ...]:
        """All P1 ports to be read."""
        return self.sources or (SourceSection(source=self.source, gateway=self.gateway),)


class ReaderSettings(Settings):
    """Settings of the reader service."""

    reader: ReaderSection = ReaderSection()
