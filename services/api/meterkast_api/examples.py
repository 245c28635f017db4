"""One example per answer, as the documentation shows them."""

from typing import Any

from meterkast_api.money.examples import COST, COST_MISSING

READING: dict[str, Any] = {
    "gateway": "home",
    "identification": "ISk5\\2MT382-1000",
    "meter_id": "4530303434303037313331363530363137",
    "version": "50",
    "measured_at": "2026-03-29T12:00:00Z",
    "received_at": "2026-03-29T12:00:00.412Z",
    "clock": "meter",
    "energy_import_t1_kwh": 4521.103,
    "energy_import_t2_kwh": 5214.887,
    "energy_export_t1_kwh": 811.004,
    "energy_export_t2_kwh": 1893.551,
    "tariff": 1,
    "power_import_w": 424,
    "power_export_w": 0,
    "voltage_l1_v": 231.2,
    "current_l1_a": 2,
    "gas_m3": 1745.902,
    "mbus": [
        {
            "channel": 1,
            "kind": "gas",
            "meter_id": "4730303339303031393336393930363139",
            "value": 1745.902,
            "unit": "m3",
            "measured_at": "2026-03-29T11:55:00Z",
        }
    ],
}
METERS = [
    {
        "gateway": "home",
        "status": "online",
        "meter_id": READING["meter_id"],
        "identification": READING["identification"],
        "measured_at": READING["measured_at"],
        "received_at": READING["received_at"],
        "power_import_w": 424,
        "power_export_w": 0,
    }
]
PREFERENCES = {"language": "nl", "theme": "dark", "timezone": "Europe/Amsterdam"}
DEVICE = {
    "gateway": "home",
    "source": "serial:/dev/ttyUSB0",
    "version": "0.1.0",
    "started_at": "2026-03-28T20:00:00Z",
    "line": "115200 8N1",
    "uptime_s": 57600,
    "counters": {"telegrams": 57598, "crc_errors": 2},
}
TELEGRAM = "/ISk5\\2MT382-1000\r\n\r\n1-3:0.2.8(50)\r\n1-0:1.7.0(00.424*kW)\r\n!0000\r\n"
REJECTIONS = {
    "gateway": "home",
    "rejected": [
        {
            "gateway": "home",
            "received_at": "2026-03-29T12:00:00.412Z",
            "reason": "crc",
            "detail": "checksum is ABCD, the telegram says 1234",
            "count": 3,
            "suppressed": 0,
            "length": 913,
            "payload_base64": "L0lTazVcMk1UMzgyLTEwMDANCg==",
        }
    ],
}
USAGE = {
    "gateway": "home",
    "per": "hour",
    "timezone": "Europe/Amsterdam",
    "from": "2026-03-29T00:00:00+01:00",
    "to": "2026-03-30T00:00:00+02:00",
    "rows": [
        {
            "from": "2026-03-29T00:00:00+01:00",
            "to": "2026-03-29T01:00:00+01:00",
            "complete": True,
            "hole": False,
            "energy_import_t1_kwh": 0.212,
            "gas_m3": 0.041,
            "cost": COST,
        }
    ],
    "holes": [],
    "total": {"energy_import_t1_kwh": 0.212, "gas_m3": 0.041},
    "cost": COST,
    "changes": [
        {"at": "2026-03-29T10:14:00+02:00", "kind": "electricity", "meter_id": "4530303434303037313331363530363138"}
    ],
    "currency": "EUR",
    "cost_missing": COST_MISSING,
    "compared": {
        "from": "2025-03-29T00:00:00+01:00",
        "to": "2025-03-30T00:00:00+01:00",
        "rows": [
            {
                "from": "2025-03-29T00:00:00+01:00",
                "to": "2025-03-29T01:00:00+01:00",
                "complete": True,
                "hole": False,
                "energy_import_t1_kwh": 0.248,
                "gas_m3": 0.062,
                "cost": {"electricity_import": 0.0673, "gas": 0.075, "fixed": 0.0185, "total": 0.1608},
            }
        ],
        "holes": [],
        "total": {"energy_import_t1_kwh": 0.248, "gas_m3": 0.062},
        "cost": {"electricity_import": 0.0673, "gas": 0.075, "fixed": 0.0185, "total": 0.1608},
    },
}
REACH = {
    "gateway": "home",
    "timezone": "Europe/Amsterdam",
    "from": "2016-02-11T13:20:00Z",
    "to": "2026-03-29T12:00:00Z",
    "samples": {"from": "2025-12-29T12:00:00Z", "to": "2026-03-29T12:00:00Z"},
    "event_at": "2026-03-29T03:12:00Z",
    "received_at": "2026-03-29T12:00:00.412Z",
    "telegram_at": "2026-03-29T12:00:00.412Z",
    "meters": [
        {
            "meter_id": READING["meter_id"],
            "kind": "electricity",
            "from": "2016-02-11T13:20:00Z",
            "to": "2026-03-29T12:00:00Z",
        }
    ],
}
DIALS = {
    "gateway": "home",
    "per": "day",
    "timezone": "Europe/Amsterdam",
    "rows": [
        {
            "from": "2026-03-28T00:00:00+01:00",
            "to": "2026-03-29T00:00:00+01:00",
            "energy_import_t1_kwh": 4517.392,
            "energy_import_t2_kwh": 5214.887,
            "energy_import_kwh": 9732.279,
            "gas_m3": 1743.118,
        }
    ],
}
POWER = {
    "gateway": "home",
    "from": "2026-03-29T10:00:00Z",
    "to": "2026-03-29T10:00:30Z",
    "step_s": 10.0,
    "times": [1774778400.0, 1774778410.0, 1774778420.0],
    "fields": {"power_import_w": {"min": [410, None, 424], "mean": [418.5, None, 425], "max": [431, None, 426]}},
}
EVENT = {
    "gateway": "home",
    "kind": "power_failure",
    "at": "2026-03-29T03:12:00Z",
    "text": "The power was away for 41 minutes.",
    "detail": {"duration_s": 2460},
}
EVENTS = {
    "gateway": "home",
    "from": "2026-03-01T00:00:00Z",
    "to": "2026-03-31T00:00:00Z",
    "events": [EVENT],
    "next": "2026-03-29T03:12:00.000Z~power_failure",
}
ORDER = {"gateway": "home", "command": "restart", "topic": "dsmr/home/command/restart"}
FORGETTING = (
    "What the broker retains of {gateway} is cleared. Its history stays, and with it its name in the list of meters. "
    "If it is still there, it comes back with its next message."
)
FORGOTTEN = {
    "gateway": "shed",
    "topic": "dsmr/shed/command/forget",
    "detail": FORGETTING.format(gateway="shed"),
}
CATALOGUE = [
    {
        "name": "power_import_w",
        "unit": "W",
        "quantity": "power",
        "kind": "gauge",
        "decimals": 0,
        "label": {"en": "Power from the grid", "nl": "Vermogen afgenomen"},
        "codes": ["1-?:1.7.0"],
        "standard": "DSMR 5.0.2 P1 §6.12",
        "kept": True,
    }
]
SERVICES = [
    {
        "service": "parser",
        "instance": "main",
        "status": "ok",
        "version": "0.1.0",
        "at": "2026-03-29T12:00:00Z",
        "started_at": "2026-03-28T20:00:00Z",
        "checks": {"mqtt": "connected"},
    }
]
HEALTH = {"status": "ok", "version": "0.1.0", "checks": {"mqtt": "connected", "history": "ok"}}
STREAM = (
    'event: status\ndata: {"gateway":"home","status":"online"}\n\n'
    'event: reading\ndata: {"gateway":"home","power_import_w":424}\n\n'
    'id: 5f2c09aa-17\nevent: live\ndata: {"gateways":["home"]}\n\n'
    'id: 5f2c09aa-18\nevent: reading\ndata: {"gateway":"home","power_import_w":431}\n\n'
)
LIVE = {"id": "5f2c09aa-18", "event": "reading", "data": {"gateway": "home", "power_import_w": 431}}
PROBLEMS: dict[int, dict[str, Any]] = {
    401: {
        "type": "urn:meterkast:problem:login-needed",
        "title": "Unauthorized",
        "status": 401,
        "detail": "this needs a login or a token: POST the password to /api/v1/session, or send Authorization: Bearer",
        "instance": "/api/v1/meters",
    },
    403: {
        "type": "urn:meterkast:problem:not-allowed",
        "title": "Forbidden",
        "status": 403,
        "detail": "token home-assistant may not do this: it needs control",
        "instance": "/api/v1/tokens",
    },
    409: {
        "type": "urn:meterkast:problem:token-exists",
        "title": "Conflict",
        "status": 409,
        "detail": "there is a token home-assistant: remove it, or take another name",
        "instance": "/api/v1/tokens",
    },
    411: {
        "type": "urn:meterkast:problem:length-required",
        "title": "Length Required",
        "status": 411,
        "detail": "send this with its Content-Length",
        "instance": "/api/v1/session",
    },
    412: {
        "type": "urn:meterkast:problem:changed-meanwhile",
        "title": "Precondition Failed",
        "status": 412,
        "detail": "the contracts have been changed since you read them: read them again, then change them",
        "instance": "/api/v1/contracts",
    },
    413: {
        "type": "urn:meterkast:problem:too-large",
        "title": "Content Too Large",
        "status": 413,
        "detail": "the file has more than 16 MB: send it in parts",
        "instance": "/api/v1/prices",
    },
    415: {
        "type": "urn:meterkast:problem:wrong-media-type",
        "title": "Unsupported Media Type",
        "status": 415,
        "detail": "send the file with Content-Type: text/csv",
        "instance": "/api/v1/prices",
    },
    429: {
        "type": "urn:meterkast:problem:too-many-attempts",
        "title": "Too Many Requests",
        "status": 429,
        "detail": "too many wrong attempts: wait 8 s, then try again",
        "instance": "/api/v1/session",
    },
    404: {
        "type": "urn:meterkast:problem:unknown-gateway",
        "title": "Not Found",
        "status": 404,
        "detail": "no gateway is called 'hom': did you mean home?",
        "instance": "/api/v1/meters/hom/actual",
        "known": ["home"],
    },
    422: {
        "type": "urn:meterkast:problem:invalid-request",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "from: 'soon' is no point in time: use 2026-03-29, 2026-03-29T14:00, now, today or -7d, from 1970 on",
        "instance": "/api/v1/meters/home/usage",
        "errors": [{"parameter": "from", "detail": "'soon' is no point in time"}],
    },
    426: {
        "type": "urn:meterkast:problem:websocket-needed",
        "title": "Upgrade Required",
        "status": 426,
        "detail": "this is a WebSocket: connect by ws:// or wss://, or use /api/v1/stream",
        "instance": "/api/v1/live",
    },
    501: {
        "type": "urn:meterkast:problem:parquet-not-installed",
        "title": "Not Implemented",
        "status": 501,
        "detail": "Parquet needs pyarrow, which is not installed here: pip install 'meterkast-api[parquet]', "
        "or ask for .csv",
        "instance": "/api/v1/meters/home/usage.parquet",
    },
    503: {
        "type": "urn:meterkast:problem:history-unavailable",
        "title": "Service Unavailable",
        "status": 503,
        "detail": "history cannot be read now: the disk is full",
        "instance": "/api/v1/meters/home/usage",
        "hint": "free some space",
    },
}
