"""What the answers look like, for the documentation; the answers themselves are built without these models."""

from datetime import datetime
from typing import Annotated, Any, Literal

from meterkast_contracts.catalogue import Kind, Quantity
from meterkast_contracts.firmware import VERSION_PATTERN
from meterkast_contracts.messages import Event, HealthStatus, Rejected
from meterkast_contracts.topics import Command
from meterkast_store.history import Period
from pydantic import BaseModel, ConfigDict, Field

from meterkast_api import examples
from meterkast_api.money.answers import Cost, CostMissing

Examples = dict[int | str, dict[str, Any]]


class Meter(BaseModel):
    """One gateway and what its meter says now; values the telegram lacks are absent."""

    gateway: str
    status: Literal["online", "offline", "unknown"] = Field(
        description="`unknown` where the gateway does not say: also that of one which was forgotten, and has history."
    )
    meter_id: str | None = None
    identification: str | None = None
    measured_at: datetime | None = None
    received_at: datetime | None = None
    power_import_w: float | None = None
    power_export_w: float | None = None


class Order(BaseModel):
    """What was sent to a gateway."""

    gateway: str
    command: Command
    topic: str


class OrderDetail(BaseModel):
    """What an order may carry; most carry nothing."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[str, Field(pattern=f"^{VERSION_PATTERN}$")] | None = Field(
        default=None, description="With `update`: the release to take, of `/api/v1/firmware`; the newest if absent."
    )
    settings: dict[str, int | bool | str] | None = Field(
        default=None, description="With `set`: the settings to change, e.g. thin, led.", min_length=1, max_length=20
    )


class Forgotten(BaseModel):
    """What becomes of a gateway that is to be forgotten."""

    gateway: str
    topic: str
    detail: str


class Rejections(BaseModel):
    """Refused telegrams, newest first."""

    gateway: str
    rejected: list[Rejected]


class UsageRow(BaseModel):
    """Usage between two boundaries; beside these members one per register, e.g. `energy_import_kwh`, `gas_m3`."""

    model_config = ConfigDict(extra="allow")

    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    complete: bool = Field(description="False while the row's time is still running.")
    hole: bool = Field(description="A part of the row lies in a hole; what was used there stands in `holes`.")
    cost: Cost | None = None


class UsageHole(BaseModel):
    """A time without readings, and what was used across it; its cost is that of the contract when it began."""

    model_config = ConfigDict(extra="allow")

    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    cost: Cost | None = None


class ComparedUsage(BaseModel):
    """The span to compare with; its rows pair with ours by their number, empty ones before history begins."""

    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to", description="Exclusive.")
    rows: list[UsageRow]
    holes: list[UsageHole]
    total: dict[str, float]
    cost: Cost | None = None


class MeterChange(BaseModel):
    """Where another meter's registers begin, or a meter's registers begin again."""

    at: datetime
    kind: str = Field(description="`electricity`, or the kind of the M-Bus device.")
    meter_id: str


class Usage(BaseModel):
    """Rows, the holes between them, and their exact total."""

    gateway: str
    per: Period
    timezone: str
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to", description="Exclusive.")
    rows: list[UsageRow]
    holes: list[UsageHole]
    total: dict[str, float] = Field(description="Sum of all rows and holes, per register.")
    changes: list[MeterChange]
    currency: str | None = Field(default=None, description="ISO 4217 code of every cost.")
    cost: Cost | None = Field(default=None, description="What all rows and holes cost.")
    cost_missing: list[CostMissing] | None = Field(
        default=None, description="Where a price lacks, so that a cost is absent or less than all; the first hundred."
    )
    compared: ComparedUsage | None = None


class Curve(BaseModel):
    """One value's lowest, mean and highest per bin; null where there are no readings."""

    min: list[float | None]
    mean: list[float | None]
    max: list[float | None]


class Power(BaseModel):
    """Curves over equal bins; `times` are the bins' starts in Unix seconds."""

    gateway: str
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    step_s: float
    times: list[float]
    fields: dict[str, Curve]


class Events(BaseModel):
    """Events, newest first."""

    gateway: str
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")
    events: list[Event]
    following: str | None = Field(
        default=None, alias="next", description="While there is more: give it as `before` to get what follows."
    )


class MeterReach(BaseModel):
    """A meter in history, its first and its last reading."""

    meter_id: str
    kind: str = Field(description="`electricity`, or the M-Bus device's kind.")
    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")


class KeptSamples(BaseModel):
    """The oldest and the newest reading that retention has left."""

    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")


class Reach(BaseModel):
    """From when to when there is something of a gateway."""

    gateway: str
    timezone: str = Field(description="That of days, weeks and months.")
    begin: datetime | None = Field(default=None, alias="from", description="First reading of any meter.")
    end: datetime | None = Field(default=None, alias="to", description="Last reading of any meter.")
    samples: KeptSamples | None = None
    event_at: datetime | None = Field(default=None, description="When something happened last.")
    received_at: datetime | None = Field(default=None, description="When the newest reading came.")
    telegram_at: datetime | None = Field(default=None, description="When the newest telegram came.")
    meters: list[MeterReach]


class DialsRow(BaseModel):
    """A period; beside these members one per register, as its dial showed it at the period's last reading."""

    model_config = ConfigDict(extra="allow")

    begin: datetime = Field(alias="from")
    end: datetime = Field(alias="to")


class Dials(BaseModel):
    """What the dials showed at the ends of periods, oldest first."""

    gateway: str
    per: Period
    timezone: str
    rows: list[DialsRow]


class Labels(BaseModel):
    """What people call a value."""

    en: str
    nl: str


class CatalogueEntry(BaseModel):
    """One value that a reading can hold."""

    name: str
    unit: str
    quantity: Quantity
    kind: Kind
    decimals: int
    label: Labels
    codes: list[str] = Field(description="OBIS codes; ? stands for 0 and 1, n for an M-Bus channel.")
    standard: str
    kept: bool = Field(description="Whether history keeps it.")


class Health(BaseModel):
    """How the API does."""

    status: HealthStatus
    version: str | None = None
    detail: str | None = None
    checks: dict[str, str] = Field(
        default={}, description="Absent, as the version, without a login where one is needed."
    )


class Problem(BaseModel):
    """What went wrong (RFC 9457); further members help programs, e.g. `known`, `errors`, `hint`."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str


def json_answer(model: Any, example: Any, description: str, status: int = 200) -> Examples:
    """A JSON answer of a kind, with its example."""
    content = {"application/json": {"example": example}}
    return {status: {"model": model, "description": description, "content": content}}


def problems(*statuses: int) -> Examples:
    """The problem answers of a route, each with its example."""
    return {
        status: {
            "description": examples.PROBLEMS[status]["title"],
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": examples.PROBLEMS[status],
                }
            },
        }
        for status in statuses
    }
