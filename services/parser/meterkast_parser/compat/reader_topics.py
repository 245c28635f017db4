"""DSMR-reader's topics: a string per field, retained, written when it changes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from meterkast_contracts.compat.reader_fields import GAS_TIME, GAS_VALUE, NEVER_NULL, READING, gas_of, shown
from meterkast_contracts.compat.wire import fixed
from meterkast_contracts.messages import MbusReading, Reading

from meterkast_parser.compat.chosen import Chosen
from meterkast_parser.outgoing import Outgoing

STATISTICS = (
    ("electricity_tariff", "tariff"),
    ("power_failure_count", "power_failures"),
    ("long_power_failure_count", "long_power_failures"),
    *((f"voltage_sag_count_{phase}", f"voltage_sags_{phase}") for phase in ("l1", "l2", "l3")),
    *((f"voltage_swell_count_{phase}", f"voltage_swells_{phase}") for phase in ("l1", "l2", "l3")),
)
"""Field of `meter-stats`, our name."""
_GAS_PERIOD_OF_4 = timedelta(hours=1)
"""DSMR 4 gives the end of the hour, of which the original wants the beginning."""
Fields = dict[str, str]


class ReaderTopics:
    """Writes what DSMR-reader's reading, meter statistics and gas consumption would be."""

    def __init__(self, top: str, chosen: Chosen, zone: ZoneInfo) -> None:
        self._top = top
        self._chosen = chosen
        self._zone = zone

    def retained(self, gateway: str) -> tuple[str, ...]:
        """Return the filters of all that is written."""
        if not self._chosen.shows(gateway):
            return ()
        return f"{self._top}/reading/+", f"{self._top}/meter-stats/+", f"{self._top}/consumption/gas/+"

    def messages(self, previous: Reading | None, reading: Reading) -> Iterator[Outgoing]:
        """Yield what has changed; a field that is no more is cleared, as there."""
        if not self._chosen.shows(reading.gateway):
            return
        before = {} if previous is None else _fields(previous)
        now = _fields(reading) | self._gas(previous, reading)
        for field, text in now.items():
            if before.get(field) != text:
                yield Outgoing(f"{self._top}/{field}", text.encode(), retain=True)
        for field in before.keys() - now.keys():
            yield Outgoing(f"{self._top}/{field}", b"", retain=True)

    def _gas(self, previous: Reading | None, reading: Reading) -> Fields:
        """Return `consumption/gas` at a new reading of the gas meter: its time, dial, and what the dial gained."""
        gas = gas_of(reading)
        earlier = None if previous is None else gas_of(previous)
        if gas is None or gas.measured_at is None or gas.value is None or _time_of(earlier) == gas.measured_at:
            return {}
        since = gas.measured_at - (_GAS_PERIOD_OF_4 if (reading.version or "").startswith("4") else timedelta())
        told = {
            "consumption/gas/read_at": since.astimezone(self._zone).isoformat(),
            "consumption/gas/delivered": fixed(gas.value, 3),
        }
        if earlier is not None and earlier.meter_id == gas.meter_id and earlier.value is not None:
            told["consumption/gas/currently_delivered"] = fixed(gas.value - earlier.value, 3)
        return told


def _fields(reading: Reading) -> Fields:
    return {f"reading/{field}": text for field, text in _reading(reading)} | {
        f"meter-stats/{field}": text for field, text in _statistics(reading)
    }


def _reading(reading: Reading) -> Iterator[tuple[str, str]]:
    at = reading.at
    yield "id", str(int(at.timestamp() * 1000))
    yield "timestamp", _utc(at)
    gas = gas_of(reading)
    for index, row in enumerate(READING):
        if row is None:
            if gas is not None and gas.value is not None:
                if gas.measured_at is not None:
                    yield GAS_TIME, _utc(gas.measured_at)
                yield GAS_VALUE, fixed(gas.value, 3)
            continue
        field, name, shift, places = row
        value = reading.number(name)
        if value is None and index < NEVER_NULL:
            value = 0
        if value is not None:
            yield field, shown(value, shift, places)


def _statistics(reading: Reading) -> Iterator[tuple[str, str]]:
    if reading.version is not None:
        yield "dsmr_version", reading.version[:2]
    for field, name in STATISTICS:
        if (value := reading.number(name)) is not None:
            yield field, str(int(value))


def _time_of(gas: MbusReading | None) -> datetime | None:
    return None if gas is None else gas.measured_at


def _utc(at: datetime) -> str:
    """Return the time with milliseconds where it has some."""
    utc = at.astimezone(UTC)
    return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds").replace("+00:00", "Z")
