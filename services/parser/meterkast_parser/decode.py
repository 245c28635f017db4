"""From the bytes of one telegram to a validated reading, by the catalogue."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Clock, Reading, RejectReason

from meterkast_parser.errors import LineError, TelegramError
from meterkast_parser.lines import DATE_CODE, TIME_CODE, Draft, close_devices, take_line
from meterkast_parser.shapes import Shapes
from meterkast_parser.telegram import crc_holds, find_end, line_spans, unwrapped
from meterkast_parser.times import EARLIEST, LATEST, local_times

MAX_CLOCK_ERROR = timedelta(days=1)
_MAX_WARNINGS = 20
_make_reading = Reading.maker()


def decode(
    raw: bytes,
    *,
    gateway: str,
    received_at: datetime | None,
    zone: ZoneInfo,
    check_crc: bool = True,
    shapes: Shapes | None = None,
) -> Reading:
    """Return the reading of one telegram; raise TelegramError when it is damaged.

    Without `received_at` the meter's own time stands alone. A line that cannot be decoded becomes a warning where a CRC
    vouches for the telegram, and refuses the telegram where none does. `shapes` makes the second of many faster.
    """
    end = find_end(raw)
    trusted = crc_holds(raw, end) if check_crc else True
    body = raw[:end]
    text = body.decode("latin-1")
    times = local_times(zone)
    draft = shapes.read(body, text, times) if shapes is not None else None
    if draft is None:
        draft = Draft(times)
        _take_lines(draft, text, trusted=trusted)
    if draft.devices:
        close_devices(draft)
    return _reading(draft, text[1 : text.find("\n")].rstrip("\r"), gateway, received_at)


def _take_lines(draft: Draft, text: str, *, trusted: bool) -> None:
    spans = line_spans(text)
    if not spans:
        raise TelegramError(
            RejectReason.EMPTY, "no data line stands between identification and '!'", position=len(text)
        )
    for start, end in spans:
        line = unwrapped(text[start:end])
        try:
            take_line(draft, line)
        except LineError as error:
            code = line.partition("(")[0]
            if not trusted:
                raise TelegramError(RejectReason.MALFORMED, f"{code[:20]}: {error}", position=start) from error
            draft.warnings.append(f"{code[:20]}: {error}")


def _date_and_time(draft: Draft) -> datetime | None:
    """Return the time of meters that print date and time in two lines."""
    if len(draft.date_and_time) != len((DATE_CODE, TIME_CODE)):
        return None
    draft.clock_text = draft.date_and_time[DATE_CODE] + draft.date_and_time[TIME_CODE]
    try:
        return draft.times.parse(draft.clock_text)
    except LineError:
        return None


def _reading(draft: Draft, identification: str, gateway: str, received_at: datetime | None) -> Reading:
    measured_at, clock = draft.clock or _date_and_time(draft), Clock.METER
    if measured_at is None or not EARLIEST <= measured_at < LATEST:
        wrong = draft.clock_text is not None
        measured_at, clock = received_at, Clock.RECEIVER
    else:
        wrong = received_at is not None and abs(measured_at - received_at) > MAX_CLOCK_ERROR
        if wrong:
            measured_at, clock = received_at, Clock.RECEIVER
    if wrong and not any(warning.startswith("clock") for warning in draft.warnings):
        draft.warnings.append(f"clock: the meter's {draft.clock_text!r} is absurd")
    values = draft.values
    if not values and not draft.mbus:
        raise TelegramError(RejectReason.EMPTY, "no line holds a value that the catalogue knows")
    return _make_reading(
        {
            "gateway": gateway,
            "identification": identification,
            "meter_id": values.pop("meter_id", None),
            "version": values.pop("version", None),
            "measured_at": measured_at,
            "clock": clock,
            "received_at": received_at,
            "values": values,
            "peak_import_at": draft.peak_import_at,
            "peak_history": draft.peak_history,
            "power_failure_log": draft.failure_log,
            "mbus": draft.mbus,
            "other": draft.other,
            "warnings": tuple(draft.warnings[:_MAX_WARNINGS]) if draft.warnings else (),
        }
    )
