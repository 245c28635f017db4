"""From when to when there is something of a gateway, as the API tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What there is of a gateway; what is None is not there."""

    gateway: str
    zone: ZoneInfo
    history: Span | None = None
    samples: Span | None = None
    event_at: datetime | None = None
    received_at: datetime | None = None
    telegram_at: datetime | None = None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> Self:
        """Read the answer of `/api/v1/meters/{gateway}/history`."""
        return cls(
            gateway=body["gateway"],
            zone=ZoneInfo(body["timezone"]),
            history=_span(body),
            samples=_span(body.get("samples", {})),
            event_at=_moment(body, "event_at"),
            received_at=_moment(body, "received_at"),
            telegram_at=_moment(body, "telegram_at"),
        )


def _span(body: Mapping[str, Any]) -> Span | None:
    begin, end = _moment(body, "from"), _moment(body, "to")
    return None if begin is None or end is None else (begin, end)


def _moment(body: Mapping[str, Any], name: str) -> datetime | None:
    text = body.get(name)
    return None if text is None else datetime.fromisoformat(text)
