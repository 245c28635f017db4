"""What the answers about money look like, for the documentation."""

from datetime import datetime

from pydantic import BaseModel, Field


class HourPrice(BaseModel):
    """The market price from a moment on: of the hour, or of the quarter where the hour has more than one."""

    begin: datetime = Field(alias="from")
    price_kwh: float


class PriceList(BaseModel):
    """Market prices, by time."""

    prices: list[HourPrice]


class PricesTaken(BaseModel):
    """What a file of prices did, or would do."""

    rows: int
    new: int
    changed: int
    begin: datetime = Field(alias="from", description="The first price's time.")
    end: datetime = Field(alias="to", description="The last price's time.")


class Cost(BaseModel):
    """Amounts in the contracts' currency, to four decimals, export below zero; what cannot be told is absent."""

    electricity_import: float | None = None
    electricity_export: float | None = None
    gas: float | None = None
    water: float | None = Field(default=None, description="Cold and hot water.")
    heat: float | None = Field(default=None, description="Heat and cold.")
    fixed: float | None = Field(
        default=None, description="A month's fixed costs spread evenly over its days, as far as history reaches."
    )
    total: float | None = Field(default=None, description="Sum of all that is told, rounded last.")


class CostMissing(BaseModel):
    """What could not be priced, when, and why."""

    what: str
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    why: str
