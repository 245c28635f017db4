"""What is generated from the contract is what stands in the repository."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from meterkast_contracts.asyncapi import CHANNELS, asyncapi
from meterkast_contracts.generate import ROOT, documents
from meterkast_contracts.messages import (
    DeviceInfo,
    Event,
    EventKind,
    HealthStatus,
    MbusKind,
    MbusReading,
    Message,
    Reading,
    Rejected,
    RejectReason,
    ServiceHealth,
)

AT = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)
EXAMPLES: tuple[Message, ...] = (
    Reading(
        gateway="home", identification="MKT5", meter_id="1", measured_at=AT, received_at=AT,
        values={"energy_import_t1_kwh": Decimal("1.234"), "power_import_w": 5, "message_text": "hello"},
        mbus=(MbusReading(channel=1, kind=MbusKind.GAS, value=Decimal("1.500"), unit="m3", measured_at=AT),),
    ),
    Rejected(gateway="home", received_at=AT, reason=RejectReason.CRC, detail="…", count=1, length=3),
    Event(gateway="home", kind=EventKind.GAP, at=AT, text="…", detail={"seconds": 3}),
    DeviceInfo(gateway="home", source="serial:/dev/ttyUSB0", version="1", started_at=AT, uptime_s=3),
    ServiceHealth(
        service="parser", instance="main", status=HealthStatus.OK, version="1", at=AT, started_at=AT
    ),
)  # fmt: skip


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda value: value if len(value) < 40 else "")
def test_generated_file_is_current(path: str, text: str) -> None:
    """A generated file holds what the generator writes today; `make generate` mends it."""
    assert (ROOT / path).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_message_is_valid_by_its_schema(message: Message) -> None:
    """The JSON of a message satisfies the schema that is published for it."""
    schema: dict[str, Any] = json.loads(
        (ROOT / "schemas" / f"{type(message).__name__}.json").read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator(schema).validate(json.loads(message.to_json()))


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_message_comes_back_from_its_json(message: Message) -> None:
    """A message read back from its JSON is equal to it, decimals digit for digit."""
    back = type(message).from_json(message.to_json())
    assert back == message
    assert back.to_json() == message.to_json()


def test_asyncapi_refers_to_schemas_that_exist() -> None:
    """Every payload that the AsyncAPI document refers to is a file beside it."""
    document = yaml.safe_load((ROOT / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document == asyncapi()
    payloads = [
        message["payload"] for channel in document["channels"].values() for message in channel["messages"].values()
    ]
    for reference in (payload["$ref"] for payload in payloads if "$ref" in payload):
        assert (ROOT / Path(reference)).exists()
    assert len(payloads) == len(CHANNELS)


@pytest.mark.parametrize("payload", [b"", b"[]", b"1", b"nonsense", b"{}", b"\xff", b'{"gateway": "home"}'])
def test_nonsense_is_no_reading(payload: bytes) -> None:
    """Whatever is no reading is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - of several libraries
        Reading.from_json(payload)
