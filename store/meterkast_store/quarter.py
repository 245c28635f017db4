"""The snapshot of a quarter: a pure function of the quarter's samples.

A row of table `quarter` stands at the boundary that ends its quarter. It holds the registers of the last sample and
what each gained since the first (`…_gain`), how far the last sample lies before the boundary (`lag`) and the first
before the last (`span`), how many samples there were (`count`), and sum, lowest and highest of power and voltage. Where
a register runs backwards inside the quarter, each ended epoch has a row of its own, at the time of its last sample.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from meterkast_store.columns import AGGREGATED, GAIN, REGISTERS
from meterkast_store.instants import QUARTER_MS, quarter_of
from meterkast_store.rows import Field, Row, Series, Table

REGISTER_FIELDS = frozenset(column for column, _ in REGISTERS.values())
_NOT_REGISTERS = frozenset({"lag", "reset", "span"})


def registers_of(row: Row) -> dict[str, int]:
    """Return the registers of any row, as they stood at its last sample."""
    table = row.series.table
    return {n: v for n, v in row.fields.items() if isinstance(v, int) and holds_register(table, n)}


def holds_register(table: Table, field: str) -> bool:
    """Whether a row's field is a register."""
    if table is Table.MBUS:
        return field not in _NOT_REGISTERS and not field.endswith(GAIN)
    return field in REGISTER_FIELDS


def first_registers_of(row: Row) -> dict[str, int]:
    """Return the registers as they stood at the row's first sample."""
    return {name: value - row.number(name + GAIN) for name, value in registers_of(row).items()}


def measured_at(row: Row) -> int:
    """Return the time of the row's last sample."""
    return row.at - row.number("lag")


def first_measured_at(row: Row) -> int:
    """Return the time of the row's first sample."""
    return measured_at(row) - row.number("span")


def since(row: Row, first: Row) -> Row:
    """Return the row with what its registers have gained since the first sample of another one."""
    span = measured_at(row) - first_measured_at(first)
    began = first_registers_of(first)
    gains: dict[str, Field] = {n + GAIN: v - began[n] for n, v in registers_of(row).items() if v > began.get(n, v)}
    return replace(row, fields={**row.fields, "span": span, **gains}) if span > 0 else row


def samples_in(row: Row) -> int:
    """Return how many samples the quarter was made of, those set aside included."""
    return row.number("raw") or row.number("count")


def runs_backwards(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Whether any register that both have is lower after than before."""
    return any(after[name] < value for name, value in before.items() if name in after)


def summarise(series: Series, boundary: int, samples: Sequence[Row]) -> list[Row]:
    """Return the rows of a quarter made of all its samples, which come in order of time."""
    kept = list(_without_spikes(samples))
    pieces = list(_epochs(kept))
    rows = []
    for piece in pieces:
        at = boundary if piece is pieces[-1] else piece[-1].at
        row = _start(series, at, piece[0])
        for sample in piece[1:]:
            row = _add(row, sample)
        rows.append(row)
    marks: dict[str, Field] = {}
    if len(pieces) > 1:
        marks["pieces"] = len(pieces)
    if len(samples) != rows[-1].number("count"):
        marks["raw"] = len(samples)
    rows[-1] = replace(rows[-1], fields={**rows[-1].fields, **marks})
    return rows


def extend(row: Row, sample: Row) -> Row | None:
    """Return the row with one more sample, None where only the whole quarter's samples can tell."""
    if sample.at <= measured_at(row) or row.number("pieces", 1) > 1:
        return None
    if runs_backwards(registers_of(row), registers_of(sample)):
        return None
    return _add(row, sample)


def instead_of(old: Row | None, new: Row) -> Row:
    """Return the new row, which says what of the old one is gone."""
    gone: dict[str, Field] = {} if old is None else {name: None for name in old.fields if name not in new.fields}
    return replace(new, fields={**gone, **new.fields}) if gone else new


def tombstone(row: Row) -> Row:
    """Return what replaces a row that is no more."""
    return instead_of(row, replace(row, fields={"count": 0, "lag": 0, "span": 0}))


def is_alive(row: Row) -> bool:
    """Whether the row stands for any sample."""
    return row.series.table is Table.MBUS or row.number("count") > 0


def flagged(row: Row, *, reset: bool) -> Row:
    """Return the row with its mark whether it begins a new epoch."""
    if bool(row.number("reset")) == reset:
        return row
    return replace(row, fields={**row.fields, "reset": int(reset)})


def _without_spikes(samples: Sequence[Row]) -> Iterator[Row]:
    """Leave out a sample that does not fit between its neighbours where those fit each other."""
    before: dict[str, int] = {}
    for index, sample in enumerate(samples):
        registers = registers_of(sample)
        if before and index + 1 < len(samples):
            after = registers_of(samples[index + 1])
            spike = runs_backwards(before, registers) or runs_backwards(registers, after)
            if spike and not runs_backwards(before, after):
                continue
        before = registers
        yield sample


def _epochs(samples: Sequence[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    last: dict[str, int] = {}
    for sample in samples:
        registers = registers_of(sample)
        if runs_backwards(last, registers):
            yield piece
            piece, last = [], {}
        piece.append(sample)
        last |= registers
    yield piece


def _start(series: Series, at: int, sample: Row) -> Row:
    fields: dict[str, Field] = {"lag": at - sample.at, "span": 0, "count": 1}
    for name, value in registers_of(sample).items():
        fields[name] = value
        fields[name + GAIN] = 0
    for name in AGGREGATED:
        _aggregate(fields, name, sample.fields.get(name), 0)
    return Row(series, at, fields)


def _add(row: Row, sample: Row) -> Row:
    fields = dict(row.fields)
    count = row.number("count")
    fields["lag"] = row.at - sample.at
    fields["span"] = row.number("span") + sample.at - measured_at(row)
    fields["count"] = count + 1
    if fields.get("raw") is not None:
        fields["raw"] = row.number("raw") + 1
    for name, value in registers_of(sample).items():
        fields[name + GAIN] = row.number(name + GAIN) + value - row.number(name, value)
        fields[name] = value
    for name in AGGREGATED:
        _aggregate(fields, name, sample.fields.get(name), count)
    return replace(row, fields=fields)


def _aggregate(fields: dict[str, Field], name: str, value: Field, count: int) -> None:
    """Add a value to sum, lowest and highest; `…_n` is kept where not all of the quarter's samples had one."""
    total, low, high = (_number(fields.get(f"{name}_{what}")) for what in ("sum", "min", "max"))
    known = _number(fields.get(f"{name}_n"))
    had = known if known is not None else 0 if total is None else count
    new = _number(value)
    if new is not None:
        had += 1
        fields[f"{name}_sum"] = new if total is None else total + new
        fields[f"{name}_min"] = new if low is None else min(low, new)
        fields[f"{name}_max"] = new if high is None else max(high, new)
    if had not in (0, count + 1):
        fields[f"{name}_n"] = had


def _number(value: Field) -> int | float | None:
    return None if isinstance(value, str) else value


def live(rows: Sequence[Row]) -> list[Row]:
    """Return the rows that stand for samples."""
    return [row for row in rows if is_alive(row)]


def quarter_start(row: Row) -> int:
    """Return the boundary at which the row's quarter begins."""
    return quarter_of(row.at) - QUARTER_MS
