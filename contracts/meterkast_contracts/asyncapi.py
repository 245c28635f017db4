"""The AsyncAPI 3 document: every topic with its payload, retained flag, QoS and writers."""

from dataclasses import dataclass
from typing import Any

from meterkast_contracts.topics import GATEWAY_PATTERN, Command, Topics, service_status

SCHEMA_FOLDER = "schemas"


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of the contract's table of topics."""

    name: str
    address: str
    summary: str
    payload: str
    retained: bool
    writers: tuple[str, ...]


_TOPICS = Topics()
_GATEWAY = "{gateway}"
DISCOVERY = "homeassistant/device/meterkast_{gateway}/{meter}/config"

CHANNELS = (
    Channel("telegram", _TOPICS.telegram(_GATEWAY), "The telegram's bytes, '/' to the end of the '!CRC' line.",
            "bytes", retained=False, writers=("firmware", "reader")),
    Channel("lateTelegram", f"{_TOPICS.telegram(_GATEWAY)}/{{receivedMs}}",
            "A telegram sent late; its receive time in Unix milliseconds stands in the topic.",
            "bytes", retained=False, writers=("reader",)),
    Channel("status", _TOPICS.status(_GATEWAY), "'online' or 'offline'; also the last will.",
            "status", retained=True, writers=("firmware", "reader")),
    Channel("device", _TOPICS.device(_GATEWAY),
            "What the gateway says of itself; told anew, with its status, when it was cleared.",
            "DeviceInfo", retained=True, writers=("firmware", "reader")),
    Channel("reading", _TOPICS.reading(_GATEWAY), "One validated reading with all values.",
            "Reading", retained=True, writers=("parser",)),
    Channel("obis", _TOPICS.obis(_GATEWAY, "{code}"), "One value as text under its OBIS code, when it changes.",
            "text", retained=True, writers=("parser",)),
    Channel("value", _TOPICS.value(_GATEWAY, "{name}"), "One value as text under its plain name, when it changes.",
            "text", retained=True, writers=("parser",)),
    Channel("rejected", _TOPICS.rejected(_GATEWAY), "A refused telegram: reason, position, counters, bytes.",
            "Rejected", retained=False, writers=("parser",)),
    Channel("event", _TOPICS.event(_GATEWAY), "Power failure, sag, tariff switch, replaced meter, wrong clock, gap.",
            "Event", retained=False, writers=("parser", "history")),
    Channel("command", _TOPICS.command(_GATEWAY, "{command}"),
            "An order to the gateway, 'forget' to the parser; its payload is empty.",
            "bytes", retained=False, writers=("api", "console", "Home Assistant")),
    Channel("discovery", DISCOVERY, "Home Assistant's discovery of a meter; empty where it is no more.",
            "discovery", retained=True, writers=("parser",)),
    Channel("dsmrReader", "dsmr/reading/{field}", "One field as DSMR-reader publishes it, where switched on.",
            "text", retained=True, writers=("parser",)),
    Channel("dsmrReaderStatistics", "dsmr/meter-stats/{field}", "The same, of the meter's counters.",
            "text", retained=True, writers=("parser",)),
    Channel("dsmrReaderGas", "dsmr/consumption/gas/{field}", "The same, of the gas meter.",
            "text", retained=True, writers=("parser",)),
    Channel("dsmrLogger", "DSMR-API/{field}", "One field as the DSMR logger publishes it, where switched on.",
            "loggerField", retained=False, writers=("parser",)),
    Channel("serviceStatus", service_status("{service}", "{instance}"), "Health of a service; also its last will.",
            "ServiceHealth", retained=True, writers=("every service",)),
)  # fmt: skip

_PARAMETERS = {
    "gateway": {"description": f"The thing at one P1 port, {GATEWAY_PATTERN}."},
    "receivedMs": {"description": "Unix time in milliseconds."},
    "code": {"description": "OBIS code, e.g. 1-0:1.7.0."},
    "name": {"description": "Name of the catalogue, e.g. power_import_w."},
    "command": {"description": f"Name of the order: {', '.join(Command)}."},
    "meter": {"description": "`meter`, or kind and serial number of an M-Bus meter: gas_4730303339303031."},
    "field": {"description": "Name of a field as that program has it, e.g. electricity_delivered_1."},
    "service": {"description": "reader, parser, history, api or console."},
    "instance": {"description": "Which of several."},
}
_PLAIN_PAYLOADS: dict[str, tuple[str, dict[str, Any]]] = {
    "bytes": ("application/octet-stream", {"type": "string", "format": "binary"}),
    "text": ("text/plain", {"type": "string"}),
    "status": ("text/plain", {"type": "string", "enum": ["online", "offline"]}),
    "discovery": ("application/json", {"type": "object", "required": ["device", "origin", "components"]}),
    "loggerField": ("application/json", {"type": "object", "maxProperties": 1}),
}


def asyncapi() -> dict[str, Any]:
    """Return the document; payloads of JSON messages refer to the schema files beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Meterkast",
            "version": "1",
            "description": "Topics of the pipeline under the default prefix 'dsmr'. MQTT 3.1.1, QoS 1.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": dict(_operations()),
    }


def _channel(channel: Channel) -> dict[str, Any]:
    content_type, payload = _PLAIN_PAYLOADS.get(
        channel.payload, ("application/json", {"$ref": f"./{SCHEMA_FOLDER}/{channel.payload}.json"})
    )
    parameters = {name: text for name, text in _PARAMETERS.items() if f"{{{name}}}" in channel.address}
    return {
        "address": channel.address,
        "summary": channel.summary,
        "parameters": parameters,
        "messages": {channel.name: {"contentType": content_type, "payload": payload}},
    }


def _operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            f"publish{channel.name[0].upper()}{channel.name[1:]}",
            {
                "action": "send",
                "channel": {"$ref": f"#/channels/{channel.name}"},
                "summary": f"Written by {', '.join(channel.writers)}.",
                "bindings": {"mqtt": {"qos": 1, "retain": channel.retained}},
            },
        )
        for channel in CHANNELS
    ]
