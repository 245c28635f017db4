"""Server-sent events taken apart (WHATWG HTML, 9.2.6)."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its kind, its data as JSON, decimals exact."""

    kind: str
    data: Any


async def server_events(lines: AsyncIterator[str]) -> AsyncIterator[ServerEvent]:
    """Events as they are complete; comments are passed over."""
    kind, data = "message", list[str]()
    async for line in lines:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                yield ServerEvent(kind, json.loads("\n".join(data), parse_float=Decimal))
            kind, data = "message", []
        elif name == "event":
            kind = value
        elif name == "data":
            data.append(value)
