"""The portal's form: what it shows, and what comes back, checked field by field; loaded only for that."""

import json

_LONGEST = 600  # of a field, encoded: more is a mistake in any case

FIELDS = (
    "ssid", "wifi_password", "gateway", "host", "port", "user", "broker_password",
    "address", "netmask", "router", "dns", "language",
)  # fmt: skip


def decode(body: bytes) -> dict[str, str]:
    """Return the fields of an application/x-www-form-urlencoded body, unknown ones left out; ValueError otherwise."""
    fields = {}
    for name in FIELDS:
        key = b"&" + name.encode() + b"="
        at = (b"&" + body).find(key)
        if at >= 0:
            fields[name] = _plain(body[at + len(key) - 1 :].split(b"&", 1)[0])
    return fields


def _plain(text: bytes) -> str:
    text = text[:_LONGEST].replace(b"+", b" ")
    plain = b""
    at = text.find(b"%")
    while at >= 0:
        plain += text[:at] + bytes((int(text[at + 1 : at + 3], 16),))
        text = text[at + 3 :]
        at = text.find(b"%")
    return (plain + text).decode()


def mistakes(fields: dict) -> dict[str, str]:
    """Return what is wrong by field: a code that the page has a sentence for."""
    found = {}
    for name in FIELDS:
        if any(ord(letter) < 32 for letter in fields.get(name, "")):
            found[name] = "letters"
    _wifi(fields, found)
    if not is_gateway(fields.get("gateway", "")):
        found["gateway"] = "gateway"
    _broker(fields, found)
    if fields.get("address"):
        _static(fields, found)
    return found


def _wifi(fields: dict, found: dict) -> None:
    ssid, key = fields.get("ssid", ""), fields.get("wifi_password", "")
    if not 1 <= len(ssid.encode()) <= 32:
        found["ssid"] = "ssid"
    if key and not 8 <= len(key.encode()) <= 63 and not (len(key) == 64 and _all_in(key.lower(), "0123456789abcdef")):
        found["wifi_password"] = "key"  # noqa: S105 - a reason


def _broker(fields: dict, found: dict) -> None:
    host, port = fields.get("host", ""), fields.get("port", "")
    if not host:
        found["host"] = "missing"
    elif not _is_host(host):
        found["host"] = "host"
    elif _all_in(host, "0123456789.") and not _quad(host):
        found["host"] = "address"
    if not port.isdigit() or len(port) > 5 or not 1 <= int(port) <= 65535:
        found["port"] = "port"
    for name in ("user", "broker_password"):
        if len(fields.get(name, "").encode()) > 64:
            found[name] = "long"
    if fields.get("broker_password") and not fields.get("user"):
        found["user"] = "missing"


def _is_host(host: str) -> bool:
    return (
        len(host) <= 64
        and _all_in(host.lower(), "abcdefghijklmnopqrstuvwxyz0123456789-._")
        and all(0 < len(label) < 64 for label in host.split("."))
    )


def _static(fields: dict, found: dict) -> None:
    values = {}
    for name in ("address", "netmask", "router", "dns"):
        text = fields.get(name, "")
        values[name] = _quad(text)
        if values[name] is None and (text or name != "dns"):
            found[name] = "address"
    address, mask, router = values["address"], values["netmask"], values["router"]
    if mask is not None and not _is_mask(mask):
        found["netmask"] = "netmask"
    elif None not in (address, mask, router):
        if address & mask in (address, router) or address | mask == 0xFFFFFFFF:
            found["address"] = "address"
        elif address & mask != router & mask or address == router:
            found["router"] = "router"


def _is_mask(mask: int) -> bool:
    rest = mask ^ 0xFFFFFFFF
    return 1 <= rest < 0xFFFFFF + 1 and rest & (rest + 1) == 0


def _quad(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or any(not part.isdigit() or len(part) > 3 or int(part) > 255 for part in parts):
        return None
    number = 0
    for part in parts:
        number = number << 8 | int(part)
    return number


def _all_in(text: str, letters: str) -> bool:
    return all(letter in letters for letter in text)


def is_gateway(name: str) -> bool:
    """Whether a name is a gateway's: [a-z0-9][a-z0-9_-]*, 32 at most."""
    return 1 <= len(name) <= 32 and name[0] not in "_-" and _all_in(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")


def settings(fields: dict, old: dict) -> dict:
    """Return new settings; a password left empty is the old one, if all it belongs to is as it was."""
    new = dict(old)
    wifi, broker = old.get("wifi") or {}, old.get("broker") or {}
    ssid, key = fields["ssid"], fields.get("wifi_password", "")
    new["gateway"] = fields["gateway"]
    new["language"] = "nl" if fields.get("language") == "nl" else "en"
    new["wifi"] = {"ssid": ssid, "password": key or (wifi.get("password", "") if ssid == wifi.get("ssid") else "")}
    host, port, user = fields["host"], int(fields["port"]), fields.get("user", "")
    secret = fields.get("broker_password", "")
    if not secret and (host, port, user) == (broker.get("host"), broker.get("port"), broker.get("user")):
        secret = broker.get("password", "")
    new["broker"] = {"host": host, "port": port, "user": user, "password": secret}
    new.pop("static", None)
    if fields.get("address"):
        router = fields["router"]
        new["static"] = {
            "address": fields["address"],
            "netmask": fields["netmask"],
            "gateway": router,
            "dns": fields.get("dns") or router,
        }
    return new


def shown(settings: dict, name: str) -> bytes:
    """JSON of what the form begins with; passwords never leave the device."""
    wifi, broker = settings.get("wifi") or {}, settings.get("broker") or {}
    return json.dumps(
        {
            "name": name,
            "gateway": settings.get("gateway") or name.lower(),
            "ssid": wifi.get("ssid", ""),
            "host": broker.get("host", ""),
            "port": broker.get("port", 1883),
            "user": broker.get("user", ""),
            "keptWifi": bool(wifi.get("password")),
            "keptBroker": bool(broker.get("password")),
            "static": settings.get("static"),
        }
    ).encode()


def read(body: bytes, old: dict) -> tuple[dict[str, str], dict | None]:
    """Return (mistakes by field, settings): settings only without mistakes; ValueError for what is no form."""
    fields = decode(body)
    found = mistakes(fields)
    return found, None if found else settings(fields, old)
