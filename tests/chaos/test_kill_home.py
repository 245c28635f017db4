"""`meterkast up` and its broker are killed by SIGKILL while telegrams flow."""

from pathlib import Path

import psutil
import pytest

from tests.pipeline.bridge import Bridge
from tests.pipeline.dial import Dial
from tests.pipeline.home import Home

TELEGRAMS = 200
INTERVAL_S = 0.03
PATIENCE_S = 60


@pytest.mark.parametrize("victim", ["broker", "everything"])
async def test_one_machine_loses_nothing_either(victim: str, tmp_path: Path) -> None:
    """Its own broker, or the whole process, is killed twice: each telegram is kept once, and usage is exact."""
    dial = Dial.of(TELEGRAMS)
    with (
        Bridge(dial.telegrams, interval_s=INTERVAL_S) as bridge,
        Home(tmp_path, bridge.url) as home,
    ):
        for number in (60, 130):
            bridge.wait_for(number)
            assert home.process is not None
            process = psutil.Process(home.process.pid)
            if victim == "broker":
                (broker,) = process.children()
                broker.kill()
            else:
                process.kill()
                home.process.wait()
                home.start()
        bridge.wait_for(TELEGRAMS)
        await dial.wait_until_kept(home.data, PATIENCE_S)
        home.stop()
        await dial.check(home.data)
