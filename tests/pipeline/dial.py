"""A simulated meter's telegrams and what history must hold of them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from meterkast_contracts.messages import Reading
from meterkast_parser.decode import decode
from meterkast_reader.simulator import Meter
from meterkast_store import Period, StoreSettings, mbus_samples_of, open_store, sample_of

ZONE = ZoneInfo("Europe/Amsterdam")
_POLL_S = 0.2


@dataclass(frozen=True, slots=True)
class Dial:
    """Telegrams one second apart, each different from all others, and their readings."""

    telegrams: Sequence[bytes]
    readings: Sequence[Reading]

    @classmethod
    def of(cls, count: int, *, dialect: str = "nl-dsmr5", seed: int = 5) -> "Dial":
        """The last `count` seconds of a simulated meter (a little more where its power was out)."""
        moment = int((datetime.now(UTC) - timedelta(minutes=30)).timestamp())
        meter = Meter(dialect, seed, starts=datetime.fromtimestamp(moment, UTC))
        telegrams: list[bytes] = []
        while len(telegrams) < count:
            telegram = meter.telegram(moment)
            telegrams += [telegram] if telegram else []
            moment += 1
        return cls(telegrams, [decode(raw, gateway="home", received_at=None, zone=ZONE) for raw in telegrams])

    async def wait_until_kept(self, data: Path, timeout_s: float) -> None:
        """Wait until history holds as many samples as there are telegrams."""
        kept = -1
        try:
            async with open_store(StoreSettings(), data) as store, asyncio.timeout(timeout_s):
                while kept < len(self.telegrams):
                    await asyncio.sleep(_POLL_S)
                    kept = len(await store.samples("home", *self._around(), limit=100_000))
        except TimeoutError:
            raise AssertionError(f"history holds {kept} of {len(self.telegrams)} readings") from None

    async def check(self, data: Path) -> None:
        """Every reading stands in history once and exactly, and what was used is what the dials have moved."""
        async with open_store(StoreSettings(), data) as store:
            samples = await store.samples("home", *self._around(), limit=100_000)
            usage = await store.usage("home", *self._around(), Period.QUARTER, ZONE)
        expected = [sample_of(reading) for reading in self.readings]
        assert [(s.measured_at, s.meter, dict(s.registers), dict(s.gauges)) for s in samples] == [
            (s.measured_at, s.meter, dict(s.registers), dict(s.gauges)) for s in expected
        ]
        moved = {name: value - expected[0].registers[name] for name, value in expected[-1].registers.items()}
        first, last = (mbus_samples_of(self.readings[end]) for end in (0, -1))
        moved |= {after.register: after.value - before.value for before, after in zip(first, last, strict=True)}
        total = usage.total()
        assert {name: total.get(name, 0) for name in moved} == moved

    def _around(self) -> tuple[datetime, datetime]:
        now = datetime.now(UTC)
        return now - timedelta(1), now + timedelta(1)
