"""Which files there are of a gateway; nothing is asked for it but how far its history reaches."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from meterkast_console.files.leaf import Form, Leaf, Question
from meterkast_console.files.periods import days, months, years
from meterkast_console.files.reach import Reach, Span

SETTLED = timedelta(hours=1)
"""So long after its end the last gas of a period has come."""
MINUTE = timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)
"""A reading at the very end of a month uses nothing in the next."""
SAMPLES_STEP = timedelta(minutes=15)
SILENT = timedelta(minutes=2)
SAMPLES_STAND = timedelta(days=30)
FIRST_DAY = "1970-01-02"
DUTCH = {"decimal": "comma"}
SHEETS: tuple[tuple[str, Mapping[str, str]], ...] = (("", {}), ("excel-nl/", DUTCH))
"""The same tables twice: by RFC 4180, and as a Dutch spreadsheet opens them by itself."""
LOGGER: tuple[tuple[Form, str, int], ...] = (
    (Form.PRD_HOURS, "hour", 24),
    (Form.PRD_WEEK, "day", 7),
    (Form.PRD_MONTHS, "month", 24),
    (Form.RING_HOURS, "hour", 49),
    (Form.RING_DAYS, "day", 15),
    (Form.RING_MONTHS, "month", 25),
)
"""The loggers' ring files, of what, and of how many."""


def leaves(reach: Reach, now: datetime) -> Iterator[Leaf]:
    """Every file of a gateway."""
    if reach.history is not None:
        for folder, dialect in SHEETS:
            yield from _tables(reach, reach.history, folder, dialect, now)
    if reach.samples is not None:
        yield from _samples(reach, reach.samples, now)
    if reach.received_at is not None:
        yield _leaf(reach, "latest.json", Question("actual"), reach.received_at)
        if reach.history is not None:
            yield from _logger(reach, running(reach.history[1], now, MINUTE))
    if reach.telegram_at is not None:
        yield _leaf(reach, "telegram.txt", Question("telegram"), reach.telegram_at)


def running(newest: datetime, now: datetime, step: timedelta) -> datetime:
    """When what still grows has changed: at whole steps while readings come, at the newest once they have stopped."""
    if now - newest > max(SILENT, step):
        return newest
    return newest - (newest - newest.min.replace(tzinfo=newest.tzinfo)) % step


def changed(end: datetime, newest: datetime, now: datetime, step: timedelta = MINUTE) -> datetime:
    """When a file of a period has changed: never again once the period is settled."""
    settled = end + SETTLED
    return settled if newest >= settled else running(newest, now, step)


def _tables(reach: Reach, span: Span, folder: str, dialect: Mapping[str, str], now: datetime) -> Iterator[Leaf]:
    begin, newest = span
    last = max(begin, newest - MOMENT)
    for month in months(begin, last, reach.zone):
        for name, per in (("quarters", "quarter"), ("hours", "hour")):
            path = f"{folder}{name}/{month.first:%Y}/{month.first:%Y-%m}.csv"
            question = Question("usage.csv", {"per": per, **month.query, **dialect})
            yield _leaf(reach, path, question, changed(month.end, newest, now))
    every = list(years(begin, last, reach.zone))
    for year in every:
        question = Question("usage.csv", {"per": "day", **year.query, **dialect})
        yield _leaf(reach, f"{folder}days/{year.first:%Y}.csv", question, changed(year.end, newest, now))
    whole = {"from": every[0].first.isoformat(), "to": every[-1].following.isoformat()}
    question = Question("usage.csv", {"per": "month", **whole, **dialect})
    yield _leaf(reach, f"{folder}months.csv", question, running(newest, now, MINUTE))
    if reach.event_at is not None:
        yield _leaf(
            reach, f"{folder}events.csv", Question("events.csv", {"from": "1970-01-02", **dialect}), reach.event_at
        )


def _samples(reach: Reach, span: Span, now: datetime) -> Iterator[Leaf]:
    for day in days(*span, reach.zone):
        yield Leaf(
            path=f"{reach.gateway}/samples/{day.first:%Y-%m-%d}.csv.gz",
            gateway=reach.gateway,
            question=Question("samples.csv", day.query),
            changed=changed(day.end, span[1], now, SAMPLES_STEP),
            zone=reach.zone.key,
            form=Form.GZIP,
            stands=SAMPLES_STAND,
        )


def _logger(reach: Reach, at: datetime) -> Iterator[Leaf]:
    for form, per, count in LOGGER:
        yield _leaf(reach, form.value, Question("dials", {"per": per, "count": str(count)}), at, form)


def _leaf(reach: Reach, path: str, question: Question, at: datetime, form: Form = Form.AS_IT_IS) -> Leaf:
    return Leaf(
        path=f"{reach.gateway}/{path}",
        gateway=reach.gateway,
        question=question,
        changed=at,
        zone=reach.zone.key,
        form=form,
    )
