"""How meters write what they know: each function gives the writer of one line's parentheses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meterkast_reader.simulator.meter import State

Writer = Callable[["State"], str]

_BASE = {
    "kWh": 3_600_000, "Wh": 3600, "kvarh": 3_600_000, "kVArh": 3_600_000, "varh": 3600,
    "kW": 1000, "W": 1, "kvar": 1000, "kVAr": 1000, "var": 1, "kVA": 1000,
    "V": 10, "kV": 10_000, "A": 1000, "kA": 1_000_000, "Hz": 100, "m3": 1000, "GJ": 1_000_000, "": 1, "‰": 1000,
}  # fmt: skip
"""How many of the house's own units (Ws, W, dV, mA, l, kJ…) make one of the meter's."""
_REGISTERS = frozenset({"kWh", "Wh", "kvarh", "kVArh", "varh", "m3", "GJ"})


def number(name: str, shape: str) -> Writer:
    """A number in a shape such as `6.3*kWh` (digits before and after the point); registers are cut, gauges rounded."""
    digits, _, unit = shape.partition("*")
    whole, decimals = (int(count) for count in digits.split("."))
    base, scale = _BASE[unit], 10**decimals
    half = 0 if unit in _REGISTERS else base // 2
    written = "" if unit in ("", "‰") else f"*{unit}"

    def write(state: State) -> str:
        value = (state.numbers[name] * scale + half) // base
        if not decimals:
            return f"{value:0{whole}d}{written}"
        return f"{value // scale:0{whole}d}.{value % scale:0{decimals}d}{written}"

    return write


def text(value: str) -> Writer:
    """Always the same."""
    return lambda _: value


def octets(shape: str) -> Writer:
    """A text with the seed's number in `{}`, in hexadecimal as meters print octet strings."""
    return lambda state: shape.format(state.meter.seed).encode("ascii").hex().upper()


def plain(shape: str) -> Writer:
    """A text with the seed's number in `{}`."""
    return lambda state: shape.format(state.meter.seed)


def stamp(at: datetime) -> str:
    """YYMMDDhhmmss and W or S (DSMR P1 5.0.2 §6.4)."""
    date = f"{at.year % 100:02d}{at.month:02d}{at.day:02d}"
    return f"{date}{at.hour:02d}{at.minute:02d}{at.second:02d}{'S' if at.dst() else 'W'}"


def clock(state: State) -> str:
    """The meter's time."""
    return stamp(state.local(state.moment))


def mbus(kind: str, shape: str) -> Writer:
    """The reading of an M-Bus device, behind the time it was read at."""
    write = number(kind, shape)
    return lambda state: f"{stamp(state.local(state.numbers['mbus_read_at']))})({write(state)}"


def mbus_two_lines(channel: int, kind: str, shape: str) -> Writer:
    """The reading of an M-Bus device as DSMR 2.2 and 3.0 write it: time, status, unit; the number on the next line."""
    write = number(kind, f"{shape}*m3")

    def lines(state: State) -> str:
        at = state.local(state.numbers["mbus_read_at"])
        value = write(state).removesuffix("*m3")
        return f"{at:%y%m%d%H%M%S})(00)(60)(1)(0-{channel}:24.2.1)(m3)\r\n({value}"

    return lines


def failure_log(state: State) -> str:
    """The last ten long power failures: number, code, then end and duration of each, newest first."""
    day = state.day
    failures = [
        *day.before.failures,
        *((day.begins + end, end - start) for start, end in day.failures if day.begins + end <= state.moment),
    ]
    entries = [(end, seconds) for end, seconds in failures if seconds > 180][-10:]  # noqa: PLR2004
    written = "".join(f"({stamp(state.local(end))})({seconds:010d}*s)" for end, seconds in reversed(entries))
    return f"{len(entries)})(0-0:96.7.19){written}".removesuffix(")")


def month_peak(state: State) -> str:
    """The highest quarter-hour of this month and its end (e-MUCS 1.6.0)."""
    month, peak = state.meter.month_peaks(state)[-1]
    at = state.local(peak.end) if peak.end else _midnight(state, month)
    return f"{stamp(at)})({_kilowatts(peak.energy)}"


def month_peak_reversed(state: State) -> str:
    """The same as Walloon Iskra meters write it: the peak first, and no S or W."""
    at, value = month_peak(state).split(")(")
    return f"{value})({at[:-1]}"


def peak_history(state: State) -> str:
    """The peaks of the last 13 whole months (e-MUCS 98.1.0), each with the month's end."""
    past = state.meter.month_peaks(state)[:-1][-13:]
    written = "".join(
        f"({stamp(_midnight(state, _next(month)))})({stamp(state.local(peak.end))})({_kilowatts(peak.energy)})"
        for month, peak in past
    )
    return f"{len(past)})(1-0:1.6.0)(1-0:1.6.0){written}".removesuffix(")")


def month_registers(state: State) -> str:
    """The registers at the beginning of this month, as Hungarian meters print them (E.ON P1)."""
    now = state.local(state.moment)
    moment, registers = state.meter.at_month_start(now.year, now.month)
    t1, t2, e1, e2 = (f"{value // 3600:09d}" for value in registers[:4])
    i, e = (f"{registers[n] // 3600 + registers[n + 1] // 3600:09d}" for n in (0, 2))
    q1, q2, q3, q4 = registers[4:]
    reactive = [f"{value // 3600:09d}" for value in (q1 + q2, q3 + q4, q1, q2, q3, q4)]
    both = f"{int(i) + int(e):09d}"
    groups = [(value, "kWh") for value in (i, t1, t2, e, e1, e2)]
    groups += [(value, "kvarh") for value in reactive] + [(both, "kWh")]
    written = "".join(f"({value[:6]}.{value[6:]}*{unit})" for value, unit in groups)
    return f"{stamp(state.local(moment))}){written}".removesuffix(")")


def _kilowatts(energy: int) -> str:
    watts = energy // 900
    return f"{watts // 1000:02d}.{watts % 1000:03d}*kW"


def _midnight(state: State, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=state.meter.house.zone)


def _next(month: date) -> date:
    return (month + timedelta(31)).replace(day=1)
