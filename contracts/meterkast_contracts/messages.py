"""The JSON messages of the contract, as pydantic models."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, WithJsonSchema

from meterkast_contracts.catalogue import CATALOGUE, Kind
from meterkast_contracts.topics import GATEWAY_PATTERN

GatewayName = Annotated[str, StringConstraints(pattern=f"^{GATEWAY_PATTERN}$")]
Number = int | Annotated[Decimal, WithJsonSchema({"type": "number"})]
Value = Number | str


def _exact_number(value: Any) -> orjson.Fragment:
    if type(value) is Decimal:
        return _Fragment(str(value))
    raise TypeError(f"{type(value).__name__} has no place in a message")


def _dump(value: Mapping[str, Any]) -> bytes:
    return orjson.dumps(value, default=_exact_number, option=orjson.OPT_UTC_Z)


_Fragment = orjson.Fragment
_new = object.__new__
_set_values, _set_names, _set_extra, _set_private = (
    BaseModel.__dict__[slot].__set__
    for slot in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


class Message(BaseModel):
    """A JSON message; unknown keys are ignored so that a newer sender is understood."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_json(self) -> bytes:
        """JSON with exact decimals, times in UTC and absent values left out."""
        return _dump(self.model_dump(exclude_none=True))

    @classmethod
    def maker(cls) -> Callable[[dict[str, Any]], Self]:
        """Return what makes messages of fields that are all there and known to be right, unchecked."""
        names = set(cls.model_fields)

        def make(fields: dict[str, Any]) -> Any:
            message = _new(cls)
            _set_values(message, fields)
            _set_names(message, names)
            _set_extra(message, None)
            _set_private(message, None)
            return message

        return make

    def present(self) -> dict[str, Any]:
        """Return the fields that say something, as they stand in JSON."""
        return {
            name: value
            for name, value in self.__dict__.items()
            if value is not None and (value or type(value) is not dict)
        }

    @classmethod
    def from_json(cls, payload: bytes | str) -> Self:
        """Read the message back, decimals exact; raise pydantic.ValidationError or ValueError on anything else."""
        return cls.model_validate(json.loads(payload, parse_float=Decimal))


class MbusKind(StrEnum):
    """What an M-Bus device measures (device types of EN 13757-3, as DSMR P1 5.0.2 table 6.12 uses them)."""

    OTHER = "other"
    ELECTRICITY = "electricity"
    GAS = "gas"
    HEAT = "heat"
    HOT_WATER = "hot_water"
    WATER = "water"
    HEAT_COST = "heat_cost"
    COLD = "cold"
    HEAT_COLD = "heat_cold"
    UNKNOWN = "unknown"


class MbusReading(Message):
    """The last reading of one M-Bus device, at its own time; an absent unit means that no device has answered."""

    channel: Annotated[int, Field(ge=0, le=9)]
    kind: MbusKind
    meter_id: str | None = None
    value: Number | None = None
    unit: Literal["m3", "GJ", "kWh", "MJ"] | None = None
    measured_at: AwareDatetime | None = None
    valve: int | None = None
    extra: dict[str, Number] = Field(
        default_factory=dict,
        description="Further values by name and unit, e.g. flow_m3h, supply_temperature_c.",
    )

    def present(self) -> dict[str, Any]:
        """Return the fields that say something; the general way, but quicker."""
        fields = self.__dict__.copy()
        for name in _OFTEN_ABSENT:
            if fields[name] is None:
                del fields[name]
        if not fields["extra"]:
            del fields["extra"]
        return fields


class PowerFailure(Message):
    """One entry of the power failure log (1-0:99.97.0): when the power came back and how long it was away."""

    ended_at: AwareDatetime
    duration_s: Annotated[int, Field(ge=0)]

    def present(self) -> dict[str, Any]:
        """Return both fields, which are always there."""
        return self.__dict__


class MonthPeak(Message):
    """The highest quarter-hour demand of a month (0-0:98.1.0), W; `month_end` is the boundary the meter printed."""

    month_end: AwareDatetime
    at: AwareDatetime | None = None
    power_w: Number

    def present(self) -> dict[str, Any]:
        """Return all fields of a peak that has its time."""
        return self.__dict__ if self.at is not None else super().present()


class Clock(StrEnum):
    """Where `measured_at` comes from."""

    METER = "meter"
    RECEIVER = "receiver"


class Reading(Message):
    """One validated reading: `values` holds every catalogue value by name, flattened into the JSON object."""

    gateway: GatewayName
    identification: str = Field(description="The telegram's first line, without its '/'.")
    meter_id: str | None = None
    version: str | None = Field(default=None, description="The standard's version as the meter states it, e.g. 50.")
    measured_at: AwareDatetime | None = Field(
        default=None,
        description="The meter's time; the receive time where the meter has none or an absurd one.",
    )
    clock: Clock = Clock.METER
    received_at: AwareDatetime | None = None
    values: dict[str, Value] = Field(default_factory=dict)
    peak_import_at: AwareDatetime | None = None
    peak_history: tuple[MonthPeak, ...] = ()
    power_failure_log: tuple[PowerFailure, ...] = ()
    mbus: tuple[MbusReading, ...] = ()
    other: dict[str, str] = Field(default_factory=dict, description="Lines the catalogue lacks, text by code.")
    warnings: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """The time it stands at: the meter's, or else the receive time; ValueError where it has neither."""
        moment = self.measured_at or self.received_at
        if moment is None:
            raise ValueError("a reading has a time")
        return moment

    def number(self, name: str) -> Number | None:
        """Return the value of a numeric name, None where the telegram lacks it."""
        value = self.values.get(name)
        return None if isinstance(value, str) else value

    def to_json(self) -> bytes:
        """JSON object with the catalogue's values beside the fixed fields; empty lists and absent values left out."""
        fields = self.__dict__
        wire = {}
        for name in _PLAIN:
            if (value := fields[name]) is not None:
                wire[name] = value
        wire.update(fields["values"])
        for name in _LISTS:
            if entries := fields[name]:
                wire[name] = [entry.present() for entry in entries]
        for name in _TEXTS:
            if texts := fields[name]:
                wire[name] = texts
        return _dump(wire)

    @classmethod
    def from_json(cls, payload: bytes | str) -> Self:
        """Read a reading back, decimals exact; raise pydantic.ValidationError or ValueError on anything else."""
        wire = json.loads(payload, parse_float=Decimal)
        if not isinstance(wire, dict):
            raise ValueError("a reading is a JSON object")  # noqa: TRY004 - what pydantic raises too
        fixed = {name: wire.pop(name) for name in _FIXED & wire.keys()}
        return cls.model_validate({**fixed, "values": wire})

    @classmethod
    def flat_json_schema(cls) -> dict[str, Any]:
        """JSON Schema of the flattened object, with every name of the catalogue."""
        schema = cls.model_json_schema(mode="serialization")
        del schema["properties"]["values"]
        for entry in CATALOGUE:
            if entry.name not in schema["properties"]:
                schema["properties"][entry.name] = {
                    "type": {Kind.TEXT: "string"}.get(entry.kind, "number"),
                    "title": entry.label_en,
                    "description": f"{entry.codes[0]}, {entry.standard}",
                }
        return schema


_OFTEN_ABSENT = ("meter_id", "value", "unit", "measured_at", "valve")
_PLAIN = (
    "gateway", "identification", "meter_id", "version", "measured_at", "received_at", "clock", "peak_import_at",
)  # fmt: skip
_LISTS = ("peak_history", "power_failure_log", "mbus")
_TEXTS = ("other", "warnings")
_FIXED = frozenset(Reading.model_fields) - {"values"}


class RejectReason(StrEnum):
    """Why bytes did not become a reading."""

    CRC = "crc"
    CRC_MISSING = "crc_missing"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    EMPTY = "empty"
    DECRYPTION = "decryption"
    DUPLICATE = "duplicate"


class Rejected(Message):
    """A telegram that was refused: why, where, how often so far, and its bytes (base64, the first 4 KB)."""

    gateway: GatewayName
    received_at: AwareDatetime
    reason: RejectReason
    detail: str
    position: int | None = Field(default=None, description="Offset in bytes of the first offence.")
    count: int = Field(description="Telegrams of this gateway refused for this reason since the parser started.")
    suppressed: int = Field(
        default=0, description="Refusals not published since the previous message, to limit a flood."
    )
    length: int = Field(description="Bytes the telegram had.")
    payload_base64: str = Field(default="", description="The first 4,096 bytes of the telegram.")


class EventKind(StrEnum):
    """What can happen to a meter, a gateway or a history."""

    POWER_FAILURE = "power_failure"
    VOLTAGE_SAG = "voltage_sag"
    VOLTAGE_SWELL = "voltage_swell"
    TARIFF_SWITCH = "tariff_switch"
    METER_REPLACED = "meter_replaced"
    CLOCK_WRONG = "clock_wrong"
    GAP = "gap"
    MESSAGE = "message"


class Event(Message):
    """Something worth a line in the logbook; gateway, kind and time identify it, so that a repeated one is the same."""

    gateway: GatewayName
    kind: EventKind
    at: AwareDatetime
    meter_id: str | None = None
    text: str = Field(description="The event in one English sentence.")
    detail: dict[str, Value] = Field(default_factory=dict)


class DeviceInfo(Message):
    """What a gateway says of itself."""

    gateway: GatewayName
    source: str = Field(description="Where its telegrams come from: serial:/dev/ttyUSB0, socket://host:port, esp01, …")
    version: str
    started_at: AwareDatetime | None = Field(default=None, description="Absent where the gateway has no clock.")
    address: str | None = None
    line: str | None = Field(default=None, description="Line setting found at a serial port, e.g. 115200 8N1.")
    signal_dbm: int | None = None
    uptime_s: int
    counters: dict[str, int] = Field(default_factory=dict, description="telegrams, crc_errors, discarded_bytes, …")
    commands: tuple[str, ...] = Field(default=(), description="The orders that the gateway carries out: restart, …")
    slot: str | None = Field(default=None, description="Which of its two slots the firmware runs from: a or b.")
    reset_cause: str | None = Field(default=None, description="Why it started last: power-on, watchdog, restart, …")
    update: str | None = Field(
        default=None,
        description='What became of the last update, "<version>: <state>: <why>"; the state is one of downloading, '
        "trial, installed, refused, failed, rolled back.",
    )
    answer: str | None = Field(
        default=None, description='The last order and what became of it, "<order>: <what>", e.g. restart: done.'
    )


class HealthStatus(StrEnum):
    """How a service does."""

    STARTING = "starting"
    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"


class ServiceHealth(Message):
    """Health of one instance of a service; `lost` is its last will."""

    service: str
    instance: str
    status: HealthStatus
    version: str
    at: AwareDatetime
    started_at: AwareDatetime
    detail: str | None = Field(default=None, description="One sentence: what is wrong and what to do.")
    checks: dict[str, str] = Field(default_factory=dict, description="State of each part, e.g. mqtt: connected.")
    figures: dict[str, int | float] = Field(
        default_factory=dict, description="Counts since the start and present sizes, e.g. telegrams, memory_bytes."
    )
