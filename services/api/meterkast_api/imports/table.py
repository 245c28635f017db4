"""Tables as text: comma or semicolon between cells, the first line their names."""

import csv
from collections.abc import Callable, Iterable, Sequence

from meterkast_api.imports.record import LineError, Lines, Record, Records, Refusal

ABSENT = frozenset({"", "None", "NULL", "null", "\\N"})
Row = Sequence[str]
Take = Callable[[int, Row], Iterable[Record]]


def each_row(lines: Lines, begin: Callable[[Row], Take]) -> Records:
    """Give what is made of each line below the names, for which `begin` returns how; a bad line is a refusal."""
    numbered = iter(lines)
    _, head = next(numbered, (0, ""))
    delimiter = ";" if head.count(";") > head.count(",") else ","
    take = begin([name.strip() for name in cells(head, delimiter)])
    for line, text in numbered:
        if not text.strip():
            continue
        try:
            yield from take(line, cells(text, delimiter))
        except LineError as error:
            yield Refusal(line, str(error))


def cells(text: str, delimiter: str, quote: str = '"') -> list[str]:
    """Return the cells of a line; raises LineError."""
    try:
        row = next(csv.reader([text], delimiter=delimiter, quotechar=quote, skipinitialspace=True), [])
    except csv.Error as error:
        raise LineError(f"it is no line of a table: {error}") from error
    return [cell.strip() for cell in row]


def of_width(row: Row, *widths: int) -> Row:
    """Return the row; raises LineError where it has not as many cells as it should."""
    if len(row) not in widths:
        raise LineError(f"it has {len(row)} values, not {' or '.join(map(str, widths))}")
    return row
