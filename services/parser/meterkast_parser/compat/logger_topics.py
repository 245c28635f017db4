"""The DSMR logger's topics: `{"<field>": [{"value": …, "unit": "…"}]}` per field, not retained, every so often."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from meterkast_contracts.compat.logger_fields import ABSENT, every_field
from meterkast_contracts.compat.reader_fields import gas_of
from meterkast_contracts.compat.wire import fixed, quoted
from meterkast_contracts.messages import Reading

from meterkast_parser.compat.chosen import Chosen
from meterkast_parser.outgoing import Outgoing


class LoggerTopics:
    """Writes what the DSMR logger's firmware (DSMRloggerAPI) would."""

    def __init__(self, top: str, interval_s: int, chosen: Chosen, zone: ZoneInfo) -> None:
        self._top = top
        self._interval_s = interval_s
        self._chosen = chosen
        self._zone = zone

    def retained(self, gateway: str) -> tuple[str, ...]:
        """Return nothing: the original retains nothing."""
        del gateway
        return ()

    def messages(self, previous: Reading | None, reading: Reading) -> Iterator[Outgoing]:
        """Yield every field that the telegram has, with the first reading of each interval."""
        if not self._chosen.shows(reading.gateway) or not self._is_due(previous, reading):
            return
        for name, value, unit in every_field(reading, self._zone):
            if value != ABSENT:
                yield self._message(name, value, unit)
        if (gas := gas_of(reading)) is not None and gas.value is not None:
            yield self._message("gas_delivered", fixed(gas.value, 3), "m3")

    def _is_due(self, previous: Reading | None, reading: Reading) -> bool:
        if previous is None or not self._interval_s:
            return True
        return self._interval(previous.at) != self._interval(reading.at)

    def _interval(self, at: datetime) -> int:
        return int(at.timestamp() // self._interval_s)

    def _message(self, name: str, value: str, unit: str) -> Outgoing:
        measured = f', "unit": {quoted(unit)}' if unit else ""
        payload = f'{{"{name}": [{{"value": {value}{measured}}}]}}'
        return Outgoing(f"{self._top}/{name}", payload.encode(), retain=False)
