"""What turns each place of a telegram into its part of a reading."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from meterkast_contracts.catalogue import Entry, Type

from meterkast_parser import mbus
from meterkast_parser.devices import DeviceLayout, device_layout
from meterkast_parser.errors import LineError
from meterkast_parser.groups import octets
from meterkast_parser.lines import Draft, number_target, plain_text
from meterkast_parser.numbers import SHORT, Convert, converter
from meterkast_parser.places import Line, NumberPlace, Places, Span, cut_bytes, cut_text, is_time
from meterkast_parser.plans import PLANS
from meterkast_parser.structured import is_month_profile, make_failure, make_peak, power_shift
from meterkast_parser.telegram import unwrapped

Step = Callable[[Draft, str], None]
TextCut = Callable[[str], tuple[str, ...]]
BytesCut = Callable[[bytes], tuple[bytes, ...]]


@dataclass(slots=True)
class Layout:
    """The numbers by what converts them, long ones with decimals, and steps for everything else."""

    places: Places
    numbers: dict[Convert, dict[str, Span]] = field(default_factory=dict)
    decimals: dict[str, Span] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def add_number(self, name: str, shift: int, place: NumberPlace | None) -> bool:
        """Read a number by its place; False where that is unknown or another line comes first."""
        if place is None or name in self.names:
            return False
        self.names.add(name)
        if place.decimals and not shift and place.length > SHORT:
            self.decimals[name] = place.span
        else:
            convert = converter(shift, length=place.length, decimals=place.decimals)
            self.numbers.setdefault(convert, {})[name] = place.span
        return True

    def add_line(self, line: Line) -> None:
        """Leave a line to what reads it alone."""
        self.names.update(PLANS.names_of(line.code))
        take, groups = line.take, cut_text(line.spans)
        if line.wrapped:
            self.steps.append(lambda draft, text: take(draft, [unwrapped(group) for group in groups(text)]))
        else:
            self.steps.append(lambda draft, text: take(draft, groups(text)))


def survey(text: str) -> Layout:
    """Return the layout of a telegram; raise LineError if one of its lines cannot be read."""
    layout = Layout(Places(text))
    texts: dict[str, list[Line]] = {}
    devices: dict[int, list[Line]] = {}
    for line in layout.places.lines():
        if plan := PLANS.texts.get(line.code):
            texts.setdefault(plan.name, []).append(line)
        elif device := mbus.taker_of(line.code):
            devices.setdefault(device[0], []).append(line)
        elif line.wrapped or not _add(layout, line):
            layout.add_line(line)
    for name, lines in texts.items():
        _add_text(layout, name, [line for line in lines if any(line.groups)])
    _add_devices(layout, devices)
    return layout


def _add(layout: Layout, line: Line) -> bool:
    if entries := PLANS.numbers.get(line.code):
        return _add_number(layout, entries, line)
    entry = PLANS.structured.get(line.code)
    return entry is not None and _STRUCTURED[entry.type](layout, entry.name, line)


def _add_number(layout: Layout, entries: tuple[Entry, ...], line: Line) -> bool:
    if not line.groups[0]:
        return True
    if "," in line.groups[0]:
        return False
    place = layout.places.number(line.spans[0])
    target = number_target(entries, place.unit, whole=not place.decimals) if place else None
    return target is not None and layout.add_number(*target, place)


def _add_text(layout: Layout, name: str, lines: list[Line]) -> None:
    """Read the text of the only code that says something; of several, the lines decide."""
    if len(lines) > 1 or any(line.wrapped for line in lines):
        for line in lines:
            layout.add_line(line)
        return
    for line in lines:
        where, read = slice(*line.spans[0]), octets if PLANS.texts[line.code].octets else plain_text
        layout.steps.append(partial(_read_text, name, read, where))


def _read_text(name: str, read: Callable[[str], str], where: slice, draft: Draft, text: str) -> None:
    if value := read(text[where]):
        draft.values[name] = value


def _add_timestamp(layout: Layout, _name: str, line: Line) -> bool:
    layout.steps.append(partial(_read_timestamp, slice(*line.spans[0])))
    return True


def _read_timestamp(where: slice, draft: Draft, text: str) -> None:
    if draft.clock_text is None:
        draft.clock_text = text[where]
        draft.clock = draft.times.parse(draft.clock_text)


def _add_peak(layout: Layout, name: str, line: Line) -> bool:
    match line.groups:
        case [time, power] if is_time(time) and "*" in power:
            at, where = line.spans
        case [power, time] if is_time(time) and "*" in power:
            where, at = line.spans
        case _:
            return False
    place = layout.places.number(where)
    if place is None or not layout.add_number(name, power_shift(place.unit), place):
        return False
    if name == "peak_import_w":
        layout.steps.append(partial(_read_peak_time, slice(*at)))
    return True


def _read_peak_time(where: slice, draft: Draft, text: str) -> None:
    draft.peak_import_at = draft.times.plausible(text[where])


def _add_failure_log(layout: Layout, _name: str, line: Line) -> bool:
    """Read `(n)(0-0:96.7.19)(end)(seconds*s)…`."""
    ends, durations = line.spans[2::2], line.spans[3::2]
    seconds = [(start, end - len("*s")) for start, end in durations]
    digits = [layout.places.text[slice(*span)] for span in seconds]
    if not ends or len(ends) != len(seconds) or not all(text.isdecimal() for text in digits):
        return False
    layout.steps.append(partial(_read_failure_log, cut_text(ends), cut_text(seconds)))
    return True


def _read_failure_log(ends: TextCut, seconds: TextCut, draft: Draft, text: str) -> None:
    plausible = draft.times.plausible
    draft.failure_log = tuple(
        [
            make_failure({"ended_at": moment, "duration_s": duration})
            for ended, duration in zip(ends(text), map(int, seconds(text)), strict=True)
            if (moment := plausible(ended)) is not None
        ]
    )


def _add_profile(layout: Layout, _name: str, line: Line) -> bool:
    """Read `(n)(code)(code)(month end)(time)(value*kW)…`."""
    if len(line.groups) % 3 or not is_month_profile(line.groups):
        return False
    found = [layout.places.number(span) for span in line.spans[5::3]]
    places = [place for place in found if place is not None]
    kinds = {(place.unit, place.length, place.decimals) for place in places}
    if len(places) != len(found) or len(kinds) != 1:
        return False
    layout.places.fix(line.spans[1])
    powers = cut_bytes([place.span for place in places])
    unit, length, decimals = kinds.pop()
    convert = converter(power_shift(unit), length=length, decimals=decimals)
    ends, times = cut_text(line.spans[3::3]), cut_text(line.spans[4::3])
    layout.steps.append(partial(_read_profile, ends, times, powers, convert))
    return True


def _read_profile(ends: TextCut, times: TextCut, powers: BytesCut, convert: Convert, draft: Draft, text: str) -> None:
    plausible, boundary = draft.times.plausible, draft.times.boundary
    draft.peak_history = tuple(
        [
            make_peak({"month_end": month_end, "at": plausible(at), "power_w": convert(power)})
            for end, at, power in zip(ends(text), times(text), powers(text.encode("latin-1")), strict=True)
            if (month_end := boundary(end)) is not None
        ]
    )
    if not draft.peak_history:
        raise LineError("no month of the profile has an end")


_STRUCTURED: dict[Type, Callable[[Layout, str, Line], bool]] = {
    Type.TIMESTAMP: _add_timestamp,
    Type.PEAK: _add_peak,
    Type.FAILURE_LOG: _add_failure_log,
    Type.PROFILE: _add_profile,
}


def _add_devices(layout: Layout, devices: dict[int, list[Line]]) -> None:
    """Read all devices by their places, or all by their lines."""
    layouts = [device_layout(channel, devices[channel], layout.places) for channel in sorted(devices) if channel]
    plain = [device for device in layouts if device is not None]
    if plain and len(plain) == len(devices):
        layout.steps.append(partial(_read_devices, plain, _usual(plain)))
        return
    for lines in devices.values():
        for line in lines:
            layout.add_line(line)


def _read_devices(layouts: list[DeviceLayout], usual: dict[str, int], draft: Draft, text: str) -> None:
    times = draft.times
    draft.mbus = readings = tuple([layout.read(text, times) for layout in layouts])
    for name, index in usual.items():
        if (value := readings[index].value) is not None:
            draft.values[name] = value


def _usual(layouts: list[DeviceLayout]) -> dict[str, int]:
    """Return the plain names and whose value they get."""
    names = [layout.value and mbus.usual_name(layout.fields["kind"], layout.fields["unit"]) for layout in layouts]
    return {name: index for index, name in enumerate(names) if name is not None and names.count(name) == 1}
