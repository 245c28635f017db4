"""What a screen is drawn from."""

from dataclasses import dataclass
from datetime import datetime, tzinfo

from meterkast_console.terminal.charset import Charset
from meterkast_console.terminal.house import Gateway, House


@dataclass(frozen=True, slots=True)
class Size:
    """Columns and rows of a terminal."""

    columns: int = 80
    rows: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One gateway of a house at an instant, for a terminal of this size and charset."""

    house: House
    gateway: Gateway
    now: datetime
    size: Size
    charset: Charset
    notice: str = ""

    @property
    def width(self) -> int:
        """Columns there are."""
        return self.size.columns

    @property
    def zone(self) -> tzinfo:
        """The home's time zone."""
        return self.house.zone
