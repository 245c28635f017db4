"""What is asked of the radio now and then: to join the network of the settings, to leave it, to say why there is none.

The radio keeps its modem sleep, the port's default: awake an ESP8266 takes 70 to 80 mA, a meter of DSMR 4 gives 100.
"""

import time

import network
from micropython import const

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable

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
