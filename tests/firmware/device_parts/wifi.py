"""A network that is there as long as the file `no-network` is not."""

import os


def forget() -> None:
    """The chip forgets it."""


def name() -> str:
    """The chip's."""
    return "ESP01-DSMR-3F"


class Wifi:
    """As the station is used by the gateway."""

    def __init__(self, config: dict[str, object]) -> None:
        del config
        self._turn = 0
        self._up = False

    def poll(self) -> bool:
        """Whether there is a network."""
        self._turn += 1
        if self._turn % 8 == 1:
            try:
                os.stat("no-network")
                self._up = False
            except OSError:
                self._up = True
        return self._up

    def away_s(self) -> int:
        """Never for long."""
        return 0

    def address(self) -> str | None:
        """Its own."""
        return "127.0.0.1" if self._up else None

    def dns(self) -> str:
        """Who is asked for names."""
        return os.getenv("FIRMWARE_DNS") or ""

    def signal(self) -> int:
        """Good."""
        return -60
