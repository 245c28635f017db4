"""What the radio hears, for the portal's list; loaded only for that."""

import json

import wifi

_MOST = 16


def found() -> bytes:
    """JSON of the strongest networks, strongest first: [[name, dBm, 1 if it wants a password], …]."""
    strongest = {}
    try:
        for ssid, _, _, rssi, security, _ in wifi.station().scan():
            if ssid and rssi > strongest.get(ssid, (-999,))[0]:
                strongest[ssid] = (rssi, security)
    except OSError:
        pass
    out = []
    for ssid in sorted(strongest, key=lambda name: -strongest[name][0])[:_MOST]:
        rssi, security = strongest[ssid]
        try:
            out.append(json.dumps((ssid.decode(), rssi, 1 if security else 0)))
        except UnicodeError:
            pass  # no name that can be shown
    return b"[%s]" % ",".join(out).encode()
