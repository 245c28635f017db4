"""Curves as a sheet."""

from collections.abc import Sequence
from datetime import timedelta

from meterkast_store.history import PowerBin, PowerCurve

from meterkast_api.export.sheet import Column, Form, Pages, Record, Sheet


def power_sheet(curve: PowerCurve, fields: Sequence[str]) -> Sheet:
    """Return a row per bin with each gauge's lowest, mean and highest, empty where there were no readings."""
    spreads = [Column(f"{name}_{part}", Form.NUMBER) for name in fields for part in ("min", "mean", "max")]
    columns = (Column("from", Form.TIME), Column("to", Form.TIME), *spreads)
    return Sheet(columns, _page(curve, fields))


async def _page(curve: PowerCurve, fields: Sequence[str]) -> Pages:
    step = timedelta(seconds=curve.step_s)
    bins: dict[int, PowerBin] = {round((found.start - curve.start) / step): found for found in curve.bins}
    count = max(round((curve.end - curve.start) / step), 1)
    yield [
        (curve.start + number * step, curve.start + (number + 1) * step, *_cells(bins.get(number), fields))
        for number in range(count)
    ]


def _cells(found: PowerBin | None, fields: Sequence[str]) -> Record:
    cells: list[float | None] = []
    for name in fields:
        spread = None if found is None else found.values.get(name)
        cells += (None, None, None) if spread is None else (spread.minimum, round(spread.mean, 3), spread.maximum)
    return cells
