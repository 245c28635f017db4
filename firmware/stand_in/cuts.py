"""Cuts the power at every operation of the flash, and looks what the chip makes of it.

    micropython cuts.py IMAGE PLAN FIRST STEP

IMAGE is a flash, PLAN a JSON file: {"prepare": [todo...], "todo": what is cut, "boots": how many starts that takes,
"later": {"version", "url"} of an update at the end, "slots": {version: {file: SHA-256}}, "ends": [versions it may run],
"after": what a device does that came back, "check": what must hold there, "bad": a version that crashes and may be
started but once, "torn": tears per operation}. Every STEP-th operation from FIRST on is cut. Ends with a line of JSON:
{"operations", "cuts", "wrong": [[operation, tear, kind, block, what]], "saw": {version: times}}.
"""

import binascii
import gc
import hashlib
import json
import socket
import sys
import time
from binascii import hexlify

import machine
import power_on
from flash import BLOCK, MemoryFlash, done, torn

_open = open

BUILT_IN = {"binascii": binascii, "hashlib": hashlib, "json": json, "socket": socket}
"""Known from the start, or each import would first look for a file of the name in every folder of the flash."""

LATER = """
import probe
state.confirm()
if state.version() != probe.later["version"]:
    state.request("update", {"url": probe.later["url"]})
state.restart()
"""


class Probe:
    """What the application under test meets instead of a meter: it checks the slot it runs from, and does as told."""

    def __init__(self, slots: dict) -> None:
        self.slots = slots
        self.todo = ""
        self.later = {}
        self.bad = ""
        self.check = ""
        self.journal = []
        self.starts = []
        self.version = ""
        self.wrong = ""

    def arrived(self, now: dict, state: object) -> None:
        """Called by the application in every mode, first thing."""
        self.version = state.version()
        if self.check and not self.holds():
            self.wrong = "not true: " + self.check
        if self.version == self.bad:
            self.starts.append(len(self.journal))
            raise ValueError("the bad one")
        expected = self.slots.get(self.version, {"none": ""})
        for name, digest in expected.items():
            if _digest("/%s/%s" % (state.running(), name)) != digest:
                self.wrong = "%s of %s is damaged in slot %s" % (name, self.version, state.running())
        if now["mode"] != "update":
            exec(self.todo, {"state": state, "now": now})

    def holds(self) -> bool:
        """Whether what must hold does; an exception does not."""
        try:
            return bool(eval(self.check))  # noqa: S307 - the test's own
        except Exception:
            return False


def _digest(path: str) -> str:
    try:
        with _open(path, "rb") as file:
            return hexlify(hashlib.sha256(file.read()).digest()).decode()
    except OSError:
        return ""


class Never:
    """A timer whose time does not come."""

    ONE_SHOT = 0

    def __init__(self, _number: int) -> None:
        pass

    def init(self, **_options: object) -> None:
        """Begin to wait."""

    def deinit(self) -> None:
        """Wait no more."""


class Bench:
    """One chip, started again and again."""

    def __init__(self, image: bytearray, probe: Probe) -> None:
        self.image = image
        self.probe = probe
        self.modules = dict(sys.modules)
        self.modules.update(BUILT_IN)
        self.modules.update(power_on.modules())
        self.modules["gc"] = power_on.Like(gc, collect=lambda: None)  # else it looks through two flashes each time
        self.modules["probe"] = probe
        self.modules["machine"] = power_on.Like(
            machine, RTC=lambda: self.rtc, reset_cause=lambda: self.cause, Timer=Never
        )
        self.modules["time"] = power_on.Like(time, sleep=lambda _s: None, sleep_ms=lambda _ms: None)
        self.rtc = machine.RTC()
        self.cause = 0

    def power(self, journal: list | None = None) -> None:
        """Run from one start to the next restart."""
        if self.cause == 0:
            self.rtc.memory(b"")
        sys.modules.clear()
        sys.modules.update(self.modules)
        try:
            power_on.mount(MemoryFlash(memoryview(self.image), journal))
            power_on.chip()
        except SystemExit:
            pass
        self.cause = 4

    def until(self, todo: str, version: str | None = None) -> str:
        """Start it until it runs as a gateway and is confirmed, or for eight times; return what it runs then."""
        self.probe.todo = todo
        for _ in range(8):
            self.probe.version = ""
            self.power()
            if self.probe.wrong or (self.settled() and version in (None, self.probe.version)):
                break
        return self.probe.version

    def settled(self) -> bool:
        """Whether nothing is under way."""
        with _open("/state.json") as file:
            state = json.load(file)
        return state["trial"] is None and state["mode"] == "gateway"


def trial(bench: Bench, plan: dict, saw: dict) -> str:
    """Start a chip whose power was cut: what is wrong with it, if anything."""
    bench.cause = 0
    bench.probe.wrong = ""
    version = bench.until(plan.get("after") or "state.confirm(); state.restart()")
    if plan.get("check"):
        bench.power()
    saw[version] = saw.get(version, 0) + 1
    if bench.probe.wrong or version not in plan["ends"]:
        return bench.probe.wrong or "it runs %s, %s" % (version or "nothing", _state())
    if plan.get("later"):
        bench.probe.later = plan["later"]
        version = bench.until(LATER, plan["later"]["version"])
        if bench.probe.wrong or version != plan["later"]["version"]:
            return bench.probe.wrong or "the later update ended in %s, %s" % (version or "nothing", _state())
    return ""


def _state() -> str:
    try:
        with _open("/state.json") as file:
            return file.read()
    except OSError:
        return "without a state"


def main(image: bytes, plan: dict, first: int, step: int) -> None:
    """Journal the plan once, then cut it at one operation after the other."""
    probe = Probe(plan["slots"])
    bench = Bench(bytearray(image), probe)
    for todo in plan["prepare"]:
        probe.todo = todo
        bench.power()
    before = bytearray(bench.image)
    journal = probe.journal
    probe.todo = plan["todo"]
    probe.bad = plan.get("bad", "")
    probe.check = plan.get("check", "")
    for _ in range(plan.get("boots", 1)):
        bench.power(journal)
    if probe.wrong:
        print(probe.wrong)
        sys.exit(1)
    begun = probe.starts[0] if probe.starts else len(journal)
    wrong, saw, cuts = [], {}, 0
    for operation, (kind, start, content) in enumerate(journal):
        end = start + (len(content) or BLOCK)
        old = before[start:end]
        if operation % step == first:
            for tear in range(plan.get("torn", 1)):
                bench.image[:] = before
                bench.image[start:end] = torn(kind, old, content, operation * 16 + tear)
                probe.starts = []
                what = trial(bench, plan, saw)
                if len(probe.starts) + (operation >= begun) > 1:
                    what = "%s was started again" % probe.bad
                cuts += 1
                if what:
                    wrong.append((operation, tear, kind, start // BLOCK, what))
        before[start:end] = done(kind, old, content)
    print(json.dumps({"operations": len(journal), "cuts": cuts, "wrong": wrong, "saw": saw}))


if __name__ == "__main__":
    with _open(sys.argv[1], "rb") as file:
        image = file.read()
    with _open(sys.argv[2]) as file:
        plan = json.load(file)
    main(image, plan, int(sys.argv[3]), int(sys.argv[4]))
