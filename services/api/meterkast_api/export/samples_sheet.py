"""Every kept reading as a sheet."""

from datetime import timedelta

from meterkast_contracts.catalogue import CATALOGUE, Kind
from meterkast_store.history import Sample

from meterkast_api.export.registers import ELECTRICITY, register_columns
from meterkast_api.export.sheet import Column, Form, Pages, Record, Sheet
from meterkast_api.history import HistoryReader
from meterkast_api.spans import Span

PAGE = 1000
"""Few enough that others are served between two pages."""
GAUGES = tuple(dict.fromkeys(entry.name for entry in CATALOGUE if entry.kept and entry.kind is not Kind.REGISTER))
COLUMNS = (
    Column("measured_at", Form.TIME),
    Column("received_at", Form.TIME),
    Column("clock", Form.TEXT),
    Column("meter_id", Form.TEXT),
    *register_columns(ELECTRICITY),
    *(Column(name, Form.NUMBER) for name in GAUGES),
)
"""All that history can keep of a reading.

What a span's readings hold is only known at its end (a meter may be replaced, a telegram may lack a line), and a sheet
of fixed columns fits beneath another; `columns` chooses fewer. M-Bus registers are no part of a reading's row, since
they stand at a time of their own: usage per quarter has them.
"""


def samples_sheet(store: HistoryReader, gateway: str, span: Span) -> Sheet:
    """Return the readings of a span, oldest first."""
    return Sheet(COLUMNS, _pages(store, gateway, span))


async def _pages(store: HistoryReader, gateway: str, span: Span) -> Pages:
    start, last = span[0], span[1] - timedelta(milliseconds=1)
    more = True
    while more and start <= last:
        found = await store.samples(gateway, start, last, PAGE)
        more = len(found) >= PAGE
        if more:
            start = found[-1].measured_at
            whole = [sample for sample in found if sample.measured_at < start]
            if not whole:  # a page of one moment
                whole, start = found, start + timedelta(milliseconds=1)
            found = whole
        yield [_record(sample) for sample in found]


def _record(sample: Sample) -> Record:
    registers, gauges = sample.registers, sample.gauges
    return (
        sample.measured_at,
        sample.received_at,
        sample.clock.value,
        sample.meter,
        *(registers.get(field) for field in ELECTRICITY),
        *(gauges.get(name) for name in GAUGES),
    )
