"""The single-value topics: which of them change from one telegram to the next, and their texts."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from meterkast_contracts.messages import Reading, Value

from meterkast_parser.errors import LineError
from meterkast_parser.groups import parse_number, split_groups
from meterkast_parser.plans import normal_code


def value_text(value: Value) -> str:
    """Return the value as plain text: all digits, no exponent."""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def single_values(reading: Reading) -> dict[str, Value]:
    """Return what has a topic of its own: the catalogue's values, and whose, by which standard, and when."""
    moments = {"measured_at": reading.measured_at, "peak_import_at": reading.peak_import_at}
    return {
        **reading.values,
        **{name: text for name in ("meter_id", "version") if (text := getattr(reading, name)) is not None},
        **{name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in moments.items() if at is not None},
    }


def changed_values(previous: Mapping[str, Value], current: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """Yield name and text of every value that is new or other than before."""
    for name, value in current.items():
        if previous.get(name) != value:
            yield name, value_text(value)


def changed_codes(previous: frozenset[str], lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield code and text of every data line that the previous telegram did not hold."""
    for line in lines:
        if line not in previous:
            code, _, rest = line.partition("(")
            normal = normal_code(code)
            if normal is not None:
                yield normal, line_text(rest)


def line_text(rest: str) -> str:
    """Return a line's value as text: the number without unit and leading zeros, else the groups as they stand."""
    digits, star, _ = rest.rpartition("(")[2].partition("*")
    try:
        if star:
            return f"{parse_number(digits)[0]:f}"
        return " ".join(split_groups(rest))
    except LineError:
        return rest.removesuffix(")")
