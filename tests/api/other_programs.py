"""Files as other programs write them, made from dials of our own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NAMES = ("energy_import_t1_wh", "energy_import_t2_wh", "energy_export_t1_wh", "energy_export_t2_wh", "gas_l")
HOUR = timedelta(hours=1)
HOURS_HEAD = (
    "Hour Start,Electricity 1 (Dutch Users: Low Tariff),Electricity 2 (Dutch Users: Normal Tariff),"
    "Electricity 1 Returned (Dutch Users: Low Tariff),Electricity 2 Returned (Dutch Users: Normal Tariff),Gas\r\n"
)
DAYS_HEAD = (
    "Date,Electricity Tariff 1 Diff,Electricity Tariff 2 Diff,Electricity Tariff 1 Returned Diff,"
    "Electricity Tariff 2 Returned Diff,Gas Diff,Electricity Tariff 1 Cost,Electricity Tariff 2 Cost,Gas Cost,"
    "Fixed Cost,Total Cost,Electricity Reading Timestamp,Electricity Tariff 1 Reading,Electricity Tariff 2 Reading,"
    "Electricity Tariff 1 Reading,Electricity Tariff 2 Reading,Gas Reading Timestamp,Gas Reading\r\n"
)
RING_HEAD = "YYMMDDHH;      EDT1;      EDT2;      ERT1;      ERT2;       GDT;"


@dataclass(frozen=True, slots=True)
class Dial:
    """Where the five registers stood at an instant, in Wh and litres."""

    at: datetime
    values: tuple[int, ...]

    @property
    def wall(self) -> datetime:
        """The house's clock."""
        return self.at.astimezone(AMSTERDAM)

    def texts(self) -> list[str]:
        """In kWh and m³."""
        return [f"{value / 1000:.3f}" for value in self.values]


def local(*when: int) -> datetime:
    """A time of the house's clock."""
    return datetime(*when, tzinfo=AMSTERDAM).astimezone(UTC)  # type: ignore[misc,arg-type]


def hourly(
    start: datetime, end: datetime, *, first: Sequence[int] = (500_000, 600_000, 0, 7_000, 900_000)
) -> list[Dial]:
    """A dial each hour that never stands still, each register by its own steps."""
    count = (end - start) // HOUR
    return [
        Dial(
            start + number * HOUR,
            tuple(
                value + number * (index + 1) + number * number % (index + 3) for index, value in enumerate(first)
            ),
        )
        for number in range(count + 1)
    ]  # fmt: skip


def moved(dials: Sequence[Dial]) -> dict[str, int]:
    """What each register moved over all of them."""
    return {name: dials[-1].values[index] - dials[0].values[index] for index, name in enumerate(NAMES)}


def midnights(dials: Iterable[Dial]) -> list[Dial]:
    """Those at which a day of the house begins."""
    return [dial for dial in dials if dial.wall.hour == 0]


def reader_hours(dials: Sequence[Dial]) -> str:
    """DSMR-reader's hour totals."""
    lines = [
        ",".join([
            before.wall.isoformat(),
            *(f"{(b - a) / 1000:.3f}" for a, b in zip(before.values, after.values, strict=True)),
        ])
        for before, after in pairwise(dials)
    ]  # fmt: skip
    return HOURS_HEAD + "".join(line + "\r\n" for line in lines)


def reader_days(dials: Sequence[Dial], *, registers_from: int = 0) -> str:
    """DSMR-reader's day totals; the first `registers_from` days come from before it kept registers."""
    days = midnights(dials)
    lines = []
    for number, (before, after) in enumerate(pairwise(days)):
        used = [f"{(b - a) / 1000:.3f}" for a, b in zip(before.values, after.values, strict=True)]
        texts = before.texts()
        read = [before.wall.isoformat(), *texts[:4], before.wall.isoformat(), texts[4]]
        read = read if number >= registers_from else [""] * len(read)
        lines.append(",".join([f"{before.wall:%Y-%m-%d}", *used, "1.0", "2.0", "0.5", "0.3", "3.8", *read]))
    return DAYS_HEAD + "".join(line + "\r\n" for line in lines)


def monitor_hours(dials: Sequence[Dial]) -> str:
    """P1 Monitor's hours as statements: the registers at the end of each hour under the time of its beginning."""
    columns = "TIMESTAMP,VERBR_KWH_181,VERBR_KWH_182,GELVR_KWH_281,GELVR_KWH_282,VERBR_KWH_X,GELVR_KWH_X,TARIEFCODE,"
    lines = []
    for before, after in pairwise(dials):
        t1, t2, r1, r2, gas = after.texts()
        values = [f"{before.wall:%Y-%m-%d %H:%M:%S}", t1, t2, r1, r2, "0.00199999999949796", "0", "P", gas, "0"]
        head = f"replace into e_history_uur ({columns}VERBR_GAS_2421,VERBR_GAS_X) values"
        lines.append(head + " ('" + "','".join(values) + "');")
    return "".join(line + "\n" for line in lines)


def monitor_table(dials: Sequence[Dial]) -> str:
    """P1 Monitor's hours as CSV."""
    head = "TIMESTAMP,VERBR_KWH_181,VERBR_KWH_182,GELVR_KWH_281,GELVR_KWH_282,TARIEFCODE,VERBR_GAS_2421\n"
    lines = []
    for before, after in pairwise(dials):
        *electricity, gas = after.texts()
        lines.append(",".join([f"{before.wall:%Y-%m-%d %H:%M:%S}", *electricity, "D", gas]) + "\n")
    return head + "".join(lines)


def ring(dials: Sequence[Dial], *, empty: int = 2) -> str:
    """A DSMR logger's RINGhours.csv: 75 bytes a record, in the order of slots, not of time."""
    records = [f"{before.wall:%y%m%d%H};" + _columns(after) for before, after in pairwise(dials)]
    turned = records[len(records) // 2 :] + records[: len(records) // 2]
    blank = "00000000;" + ";".join(["     0.000"] * 5) + ";"
    return "".join(f"{line:<73};\n" for line in (RING_HEAD, *turned, *[blank] * empty))


def ring_json(dials: Sequence[Dial]) -> str:
    """The same as JSON, with a water meter that is not there."""
    records = [
        f'{{"date":"{before.wall:%y%m%d%H}","values":[{_columns(after)[:-1].replace(";", ",")},     0.000]}}'
        for before, after in pairwise(dials)
    ]
    records.append('{"date":"21000000","values":[     0.000,     0.000,     0.000,     0.000,     0.000,     0.000]}')
    return '{"actSlot": 3,"data":[\n' + ",\n".join(records) + "\n]}"


def prd_months(months: Sequence[tuple[str, Dial]]) -> str:
    """The first DSMR logger's PRDmonths.csv."""
    lines = ["YYMM;      EDT1;      EDT2;      ERT1;      ERT2;       GDT;"]
    lines += [f"{key};" + _columns(dial) for key, dial in months]
    return "".join(f"{line:<63};\n" for line in lines)


def _columns(dial: Dial) -> str:
    return "".join(f"{text:>10};" for text in dial.texts())
