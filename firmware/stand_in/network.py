"""The radio of an ESP8266 as MicroPython shows it, in the air that `air.py` reads.

A network joins after `joins_after_ms` (50), gives `address` (127.0.0.1) or, where that is null, none; `hidden` ones are
in no scan. What is called is noted in WLAN.calls, for tests.
"""

import time

import air

STA_IF = 0
AP_IF = 1
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_WRONG_PASSWORD = 2
STAT_NO_AP_FOUND = 3
STAT_CONNECT_FAIL = 4
STAT_GOT_IP = 5
AUTH_OPEN = 0
AUTH_WPA_WPA2_PSK = 4

_hostname = "mpy-esp8266"


def hostname(name: str | None = None) -> str | None:
    """Return the host's name, or set it."""
    global _hostname  # noqa: PLW0603 - as the chip has one
    if name is None:
        return _hostname
    _hostname = name
    return None


class _Interface:
    def __init__(self) -> None:
        self.on = False
        self.settings = {"ssid": "", "mac": b"\x5c\xcf\x7f\x01\x02\x3f"}
        self.wanted = None
        self.since = 0
        self.addresses = None


_interfaces = (_Interface(), _Interface())


class WLAN:
    """One of the two interfaces; objects of the same interface share everything."""

    def __init__(self, interface: int = STA_IF) -> None:
        self._number = interface
        self._it = _interfaces[interface]

    def active(self, on: bool | None = None) -> bool | None:
        """Return whether the interface is on, or switch it."""
        if on is None:
            return self._it.on
        self._it.on = bool(on)
        return None

    def config(self, *names: str, **settings: object) -> object:
        """Return one setting, or set some."""
        if names:
            return self._it.settings[names[0]]
        self._it.settings.update(settings)
        return None

    def scan(self) -> list:
        """Return (ssid, bssid, channel, rssi, authmode, hidden) of what is in the air."""
        if self._number != STA_IF or not self._it.on:
            raise OSError("STA must be active")
        if air.world().get("scan") is False:
            raise OSError("scan failed")
        return [
            (
                b"" if found.get("hidden") else found["ssid"].encode(),
                b"\x02\x00\x00\x00\x00" + bytes([index & 255]),
                found.get("channel", 6),
                found.get("rssi", -60),
                4 if found.get("password") else 0,
                1 if found.get("hidden") else 0,
            )
            for index, found in enumerate(air.world()["networks"])
        ]

    def connect(self, ssid: str | None = None, key: str | None = None) -> None:
        """Begin to join a network; without a name, the last one."""
        if ssid is not None:
            self._it.wanted = (ssid, key or "")
            self._it.settings["ssid"] = ssid
        self._it.since = time.ticks_ms() if self._it.wanted else None
        if not self._it.wanted or not self._it.wanted[0]:
            raise OSError("Cannot connect to AP")

    def disconnect(self) -> None:
        """Leave, and try no more."""
        self._it.since = None

    def status(self, what: str | None = None) -> int:
        """Return how the joining goes (STAT_…), or the signal in dBm for "rssi"."""
        found = air.network(self._it.wanted[0]) if self._it.wanted else None
        if what == "rssi":
            return found.get("rssi", -60) if found else 31
        if not self._it.wanted or self._it.since is None:
            return STAT_IDLE
        if found is None:
            return STAT_NO_AP_FOUND
        if time.ticks_diff(time.ticks_ms(), self._it.since) < found.get("joins_after_ms", 50):
            return STAT_CONNECTING
        return self._joined(found)

    def _joined(self, found: dict) -> int:
        if found.get("password", "") != self._it.wanted[1]:
            return STAT_WRONG_PASSWORD
        if found.get("refuses"):
            return STAT_CONNECT_FAIL
        return STAT_CONNECTING if self._address(found) is None else STAT_GOT_IP

    def isconnected(self) -> bool:
        """Return whether the station has an address."""
        return self._number == STA_IF and self._it.on and self.status() == STAT_GOT_IP

    def ifconfig(self, settings: tuple[str, str, str, str] | str | None = None) -> tuple[str, str, str, str] | None:
        """Return (address, netmask, gateway, dns), or set them; "dhcp" asks the network for them."""
        if settings is None:
            if self._number == AP_IF:
                return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "192.168.4.1")
            if self._it.addresses:
                return self._it.addresses
            found = air.network(self._it.wanted[0]) if self.isconnected() else None
            address = self._address(found) if found else None
            return (address or "0.0.0.0", "255.0.0.0", "127.0.0.1", air.world().get("dns", "127.0.0.1"))
        self._it.addresses = None if settings == "dhcp" else tuple(settings)
        return None

    def _address(self, found: dict) -> str | None:
        return self._it.addresses[0] if self._it.addresses else found.get("address", "127.0.0.1")
