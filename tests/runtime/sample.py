"""A service as a process of its own, in every mood its first argument names."""

import asyncio
import sys
from collections.abc import Callable

from meterkast_runtime.errors import MeterkastError
from meterkast_runtime.health import Health
from meterkast_runtime.service import run_main
from meterkast_runtime.settings import Settings, settings_or_exit


class Sample:
    """Runs until cancelled and says so, or does what its mood is."""

    name = "sample"

    def __init__(self, mood: str) -> None:
        self._mood = mood

    async def run(self, ready: Callable[[], None]) -> None:
        """Say `up`, and `down` when cancelled."""
        ready()
        print("up", flush=True)  # noqa: T201
        match self._mood:
            case "sentence":
                raise MeterkastError("the meter is gone", hint="plug it in")
            case "bug":
                raise ZeroDivisionError("by nought")
            case "finished":
                return
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("down", flush=True)  # noqa: T201
            if self._mood == "stubborn":
                await asyncio.Event().wait()
            raise


if __name__ == "__main__":
    settings = settings_or_exit(Settings)
    run_main(lambda: Sample(sys.argv[1]), settings=settings, health=Health("sample", settings.instance))
