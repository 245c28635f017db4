from typing import Annotated

from meterkast_runtime.section import Section
from meterkast_runtime.settings import Settings
from meterkast_store import StoreSettings
from pydantic import AfterValidator, Field

from meterkast_history.share import Share


def _checked_share(text: str) -> str:
    Share.parse(text)
    return text


class HistorySection(Section):
    """How readings are written."""

    share: Annotated[str, AfterValidator(_checked_share)] | None = Field(
        default=None,
        description="Which writer this is, of how many: 1/2. It then tells the events too, for parsers that share.",
    )

    batch_most: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=500, description="At most so many messages in one transaction."
    )
    batch_enough: Annotated[int, Field(ge=1)] = Field(
        default=16, description="So many messages are written at once, without waiting for more."
    )
    batch_wait_s: Annotated[float, Field(ge=0, le=60)] = Field(
        default=1.0, description="Fewer messages wait at most so long."
    )
    vitals_every_s: Annotated[int, Field(ge=30, le=3600)] = Field(
        default=60, description="How often InfluxDB is told how gateways and services do."
    )
    audit_every_s: Annotated[int, Field(ge=1)] = Field(
        default=900, description="How often old samples are deleted and holes and replaced meters reported."
    )


class HistorySettings(Settings):
    """Settings of the history service."""

    store: StoreSettings = StoreSettings()
    history: HistorySection = HistorySection()
