"""The station in the gateway's loop: notices that the network is lost, and joins it again."""

import time

import network
from micropython import const
from rarely import load

_FIRST_KICK_MS = const(20_000)
_LAST_KICK_MS = const(120_000)


class Wifi:
    """Keeps the station connected; the chip itself searches on, a kick with growing pauses helps where it hangs."""

    def __init__(self, settings: dict) -> None:
        self.fell = 0
        self._settings = settings
        self._radio = network.WLAN(network.STA_IF)
        self._up = False
        self._begun = False
        self._address = None
        self._kicked = self._seen = self._looked = time.ticks_ms()
        self._pause = _FIRST_KICK_MS

    def poll(self) -> bool:
        """Do what is due without waiting; return whether there is a connection."""
        now = time.ticks_ms()
        up = self._radio.isconnected()
        if up:
            if not self._up or time.ticks_diff(now, self._looked) > 1000:
                self._looked = now
                self._look()
            self._seen = self._kicked = now
            self._pause = _FIRST_KICK_MS
        elif self._up:
            self.fell += 1
        elif not self._begun:
            wifi = load("wifi")
            wifi.close_access_point()
            wifi.begin(self._settings)
            self._begun = True
            self._kicked = now
        elif time.ticks_diff(now, self._kicked) > self._pause:
            self._kicked = now
            self._pause = min(2 * self._pause, _LAST_KICK_MS)
            self._radio.disconnect()
            self._radio.connect()
        self._up = up
        return up

    def _look(self) -> None:
        address = self._radio.ifconfig()[0]
        if address != self._address:
            self._address = address

    def away_s(self) -> int:
        """Seconds since the network was last there, 0 while it is."""
        return 0 if self._up else time.ticks_diff(time.ticks_ms(), self._seen) // 1000

    def address(self) -> str | None:
        """Own address, None without a connection."""
        return self._address if self._up else None

    def dns(self) -> str:
        """Address of the DNS server."""
        return self._radio.ifconfig()[3]

    def signal(self) -> int | None:
        """Signal in dBm, None without a connection."""
        return self._radio.status("rssi") if self._up else None
