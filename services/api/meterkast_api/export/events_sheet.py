"""Events as a sheet."""

from collections.abc import Collection

import orjson
from meterkast_contracts.messages import Event, EventKind

from meterkast_api.event_pages import event_pages
from meterkast_api.export.sheet import Column, Form, Pages, Record, Sheet
from meterkast_api.history import HistoryReader
from meterkast_api.spans import Span

COLUMNS = (
    Column("at", Form.TIME),
    Column("kind", Form.TEXT),
    Column("meter_id", Form.TEXT),
    Column("text", Form.TEXT),
    Column("detail", Form.TEXT),
)


def events_sheet(store: HistoryReader, gateway: str, span: Span, kinds: Collection[EventKind]) -> Sheet:
    """Return the events of a span, newest first; `detail` is JSON."""
    return Sheet(COLUMNS, _pages(store, gateway, span, kinds))


async def _pages(store: HistoryReader, gateway: str, span: Span, kinds: Collection[EventKind]) -> Pages:
    async for page in event_pages(store, gateway, span, kinds=kinds):
        yield [_record(event) for event in page]


def _record(event: Event) -> Record:
    detail = orjson.dumps(event.detail, default=str).decode() if event.detail else None
    return event.at, event.kind.value, event.meter_id, event.text, detail
