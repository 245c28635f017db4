"""First start, and when the network is gone for long: an access point, and a page that asks for the settings.

What was entered is tried for real before it is saved. With settings at hand their network is tried again every minute,
unless somebody is at the page: a search of the radio would throw that phone out. Form, list of networks and attempt
are loaded when they are needed and dropped afterwards; the heap holds only one of them.
"""

import gc
import json
import select
import sys
import time

import dns
import network
import web
import wifi
from micropython import const
from rarely import load

TYPE_CHECKING = const(0)
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any

_USED_MS = const(120_000)
_RETRY_MS = const(60_000)
_JOIN_MS = const(15_000)
_TOLD_MS = const(3_000)
_TELL_MS = const(60_000)
_STILL_S = const(60)


def run(_state: dict, settings: dict | None = None, **where: Any) -> None:
    """Serve until the settings work or the old network is back, then restart as a gateway; never returns."""
    import machine
    from state import request

    if settings is None:
        settings = load("settings").load()
    light = load("led").Led(settings.get("led", 1))
    light.attach()
    light.light(True)
    del light
    open_access_point(settings.get("portal_password"))
    portal = Portal(settings, lambda new: load("settings").save(new), **where)
    guard = machine.Timer(-1)
    guard.init(period=1000, mode=machine.Timer.PERIODIC, callback=lambda _: portal.older(machine.reset), hard=True)
    while not portal.over():
        portal.turn(100)
    portal.close()
    request("gateway")


def open_access_point(password: str | None = None) -> None:
    """Start the own network; open unless the settings have a `portal_password` of 8 characters or more."""
    radio = network.WLAN(network.AP_IF)
    radio.active(True)
    if password and len(password) >= 8:
        radio.config(ssid=wifi.name(), security=network.AUTH_WPA_WPA2_PSK, key=password)
    else:
        radio.config(ssid=wifi.name(), security=network.AUTH_OPEN)
    station = wifi.station()
    if not station.active():
        station.active(True)


class Portal:
    """DNS, web server, the attempt that runs, and the old network in the background."""

    def __init__(
        self,
        settings: dict,
        save: Callable[[dict], None],
        bind: str = "0.0.0.0",
        http_port: int = 80,
        dns_port: int = 53,
        own: str = "192.168.4.1",
        pace: int = 1,
    ) -> None:
        self._settings = settings
        self._save = save
        self._own = own
        self._pace = pace
        self._known = bool(settings.get("wifi") and settings.get("broker"))
        self._networks = None
        self._entered = self._attempt = None
        self._stage = "idle"
        self._why = ""
        self._retrying = self._told = False
        self._still_s = 0
        self._ends = None
        now = time.ticks_ms()
        self._used = time.ticks_add(now, -_USED_MS - 1)
        self._retried = time.ticks_add(now, -_RETRY_MS - 1)
        self._poller = select.poll()
        file, self._coding = _page_file()
        self._web = web.Server(self._handle, self._poller, bind, http_port, file)
        self._dns = dns.listen(bind, dns_port)
        self._poller.register(self._dns, select.POLLIN)
        self._address = bytes(int(part) for part in own.split(":", 1)[0].split("."))

    def over(self) -> bool:
        """Whether there is nothing left to do here: saved and told, or the old network is back."""
        return self._ends is not None and time.ticks_diff(time.ticks_ms(), self._ends) >= 0

    def older(self, reset: Callable[[], None]) -> None:
        """Count a second without a turn; a minute of them is a hang. The chip's own watchdog bites within a scan."""
        self._still_s += 1
        if self._still_s > _STILL_S:
            reset()

    def turn(self, wait_ms: int) -> None:
        """Do what is due, and wait for somebody at most so long."""
        self._still_s = 0
        for sock, _ in self._poller.ipoll(wait_ms):
            if sock is self._dns:
                dns.serve(sock, self._address)
            else:
                self._web.ready(sock)
        self._web.tidy()
        if self._entered:
            self._begin()
        elif self._attempt:
            self._try()
        elif self._known and self._ends is None:
            self._look_for_old()

    def close(self) -> None:
        """Close every socket."""
        if self._attempt:
            self._attempt.close()
        self._web.close()
        self._poller.unregister(self._dns)
        self._dns.close()

    def _begin(self) -> None:
        """Try what was entered, with the request that brought it out of the heap."""
        gc.collect()
        settings, self._entered = self._entered, None
        try:
            self._attempt = load("attempt").Attempt(settings, self._pace)
        except MemoryError:
            self._stage, self._why = "failed", "memory"

    def _try(self) -> None:
        attempt = self._attempt
        if attempt.step():
            if attempt.stage == "done":
                self._save(attempt.settings)
                self._end_in(_TELL_MS)
            else:
                wifi.stop()
                self._retried = time.ticks_ms()
            self._attempt = None
        self._stage, self._why = attempt.stage, attempt.why

    def _end_in(self, pause_ms: int) -> None:
        self._ends = time.ticks_add(time.ticks_ms(), pause_ms // self._pace)

    def _look_for_old(self) -> None:
        now = time.ticks_ms()
        passed = time.ticks_diff(now, self._retried)
        if self._retrying:
            if not wifi.reason():
                self._end_in(0)
            elif passed > _JOIN_MS // self._pace:
                self._leave_old()
        elif passed > _RETRY_MS // self._pace and time.ticks_diff(now, self._used) > _USED_MS // self._pace:
            self._retrying = True
            self._retried = now
            wifi.begin(self._settings)

    def _leave_old(self) -> None:
        if self._retrying:
            self._retrying = False
            wifi.stop()

    def _handle(self, request: web.Request) -> None:
        path = request.path
        if request.host != self._own or path not in _PATHS:
            path = "http://%s/?l=%s" % (self._own, request.language)
            request.answer("302 Found", b"", "text/html", "Location: %s\r\n" % path)
            return
        if path[:3] == "/?l":
            request.answer("200 OK", None, "text/html; charset=utf-8", self._coding)
            return
        self._used = time.ticks_ms()
        gc.collect()
        if path == "/state":
            if self._stage == "done" and not self._told:
                self._told = True
                self._end_in(_TOLD_MS)
            request.answer("200 OK", json.dumps({"stage": self._stage, "why": self._why}).encode())
        elif self._entered or self._attempt:
            request.answer("409 Conflict", b'{"errors":{}}')
        elif path == "/settings":
            request.answer("200 OK", load("form").shown(self._settings, wifi.name()))
        elif path == "/try":
            self._take(request)
        else:
            self._leave_old()
            if not self._networks or path == "/networks?again":
                self._networks = load("networks").found()
            request.answer("200 OK", self._networks)

    def _take(self, request: web.Request) -> None:
        if request.method != "POST" or request.origin not in ("", "http://" + self._own):
            request.answer("403 Forbidden")
            return
        try:
            mistakes, settings = load("form").read(request.body, self._settings)
        except ValueError:
            request.answer("400 Bad Request", b'{"errors":{}}')
            return
        if mistakes:
            request.answer("400 Bad Request", json.dumps({"errors": mistakes}).encode())
            return
        self._leave_old()
        self._networks = None
        self._entered = settings
        self._stage, self._why = "wifi", ""
        request.answer("202 Accepted", b"{}")


_PATHS = ("/?l=nl", "/?l=en", "/settings", "/networks", "/networks?again", "/state", "/try")


def _page_file() -> tuple[IO[bytes], str]:
    for folder in sys.path:
        for name, coding in (("page.html.gz", "Content-Encoding: gzip\r\n"), ("page.html", "")):
            try:
                return open(folder + "/" + name if folder else name, "rb"), coding
            except OSError:
                pass
    raise OSError("page.html")
