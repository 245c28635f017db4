"""The station: joins the network of the settings, notices its loss and joins again.

The radio keeps its modem sleep, the port's default: awake an ESP8266 takes 70 to 80 mA, a meter of DSMR 4 gives 100.
"""

import time

import network
from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_KICK_MS = const(20_000)
_LAST_KICK_MS = const(120_000)

_REASONS = {
    network.STAT_WRONG_PASSWORD: "password",
    network.STAT_NO_AP_FOUND: "absent",
    network.STAT_CONNECT_FAIL: "refused",
}


def station() -> network.WLAN:
    """The interface that joins networks."""
    return network.WLAN(network.STA_IF)


def name() -> str:
    """The device's name in the air and in `<name>.local`: ESP01-DSMR-3F, by the last byte of its MAC address."""
    return "ESP01-DSMR-%02X" % station().config("mac")[5]


def begin(config: dict) -> None:
    """Start joining the network of the settings."""
    radio = station()
    if not radio.active():  # each switching is a write to the flash
        radio.active(True)
    network.hostname(name())
    static = config.get("static")
    if static:
        gateway = static["gateway"]
        radio.ifconfig((static["address"], static["netmask"], gateway, static.get("dns") or gateway))
    else:
        radio.ifconfig("dhcp")
    wifi = config["wifi"]
    radio.connect(wifi["ssid"], wifi.get("password") or "")


def stop() -> None:
    """Leave the network and search no more, so that the own access point keeps its channel."""
    station().disconnect()


def close_access_point() -> None:
    """Switch the portal's network off, which the chip would remember over a restart."""
    radio = network.WLAN(network.AP_IF)
    if radio.active():
        radio.active(False)


def forget() -> None:
    """Wipe what the chip itself remembers of the network."""
    try:
        station().connect("", "")
    except OSError:
        pass
    stop()


def reason() -> str:
    """Why there is no connection: password, absent, refused, silent (no answer, or no address); "" where there is."""
    if station().isconnected():
        return ""
    return _REASONS.get(station().status(), "silent")


def connect(config: dict, within_s: int = 30, feed: Callable[[], None] | None = None) -> str:
    """Join and wait; return "" or the reason why not."""
    close_access_point()
    begin(config)
    started = time.ticks_ms()
    while not station().isconnected() and time.ticks_diff(time.ticks_ms(), started) < within_s * 1000:
        if feed:
            feed()
        time.sleep_ms(50)
    return reason()


class Wifi:
    """Keeps the station connected; the chip itself searches on, a kick with growing pauses helps where it hangs."""

    def __init__(self, settings: dict) -> None:
        self.fell = 0
        self._settings = settings
        self._up = False
        self._begun = False
        self._kicked = self._seen = time.ticks_ms()
        self._pause = _FIRST_KICK_MS

    def poll(self) -> bool:
        """Do what is due without waiting; return whether there is a connection."""
        now = time.ticks_ms()
        up = station().isconnected()
        if up:
            self._seen = self._kicked = now
            self._pause = _FIRST_KICK_MS
        elif self._up:
            self.fell += 1
        elif not self._begun:
            self._begun = True
            self._kicked = now
            close_access_point()
            begin(self._settings)
        elif time.ticks_diff(now, self._kicked) > self._pause:
            self._kicked = now
            self._pause = min(2 * self._pause, _LAST_KICK_MS)
            stop()
            station().connect()
        self._up = up
        return up

    def away_s(self) -> int:
        """Seconds since the network was last there, 0 while it is."""
        return 0 if self._up else time.ticks_diff(time.ticks_ms(), self._seen) // 1000

    def address(self) -> str | None:
        """Own address, None without a connection."""
        return station().ifconfig()[0] if self._up else None

    def dns(self) -> str:
        """Address of the DNS server."""
        return station().ifconfig()[3]

    def signal(self) -> int | None:
        """Signal in dBm, None without a connection."""
        return station().status("rssi") if self._up else None
