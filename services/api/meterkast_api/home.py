"""The home as its people have set it: their language, look, and time zone."""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from meterkast_api.database import Database
from meterkast_api.kept import Kept


class Preferences(BaseModel):
    """What people prefer; what is absent is as the settings have it, or as the browser does."""

    model_config = ConfigDict(extra="forbid")

    language: Literal["nl", "en"] | None = None
    theme: Literal["light", "dark"] | None = None
    timezone: str | None = Field(
        default=None,
        max_length=64,
        description="Whose days and months everything is told in; absent in a PUT: that of `[home] timezone`.",
    )

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None:
            try:
                ZoneInfo(name)
            except (KeyError, ValueError, OSError) as error:
                raise ValueError(f"{name!r} is not a time zone: use a name such as Europe/Amsterdam") from error
        return name


class Home:
    """The preferences and the time zone that holds now: asked at each request, since it can change at any time."""

    def __init__(self, database: Database, timezone: str) -> None:
        self._timezone = timezone
        self.kept = Kept(database, "preferences", Preferences())

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of days, weeks and months."""
        return ZoneInfo(self.kept.value.timezone or self._timezone)

    @property
    def preferences(self) -> Preferences:
        """What holds now, the time zone always told."""
        return self.kept.value.model_copy(update={"timezone": self.zone.key})

    async def load(self) -> None:
        """Read what was set before."""
        await self.kept.load()
