"""What runs after a start, whatever has become of the state, the slots and the last run."""

import json
from pathlib import Path

import pytest

from tests.firmware.device import APPLICATION, Chip, Release, application, image, new_image, selector_files, signer

CRASH_AT_IMPORT = "import nothing_of_that_name"
CRASH = "def run(now): raise ValueError('the meter said %d' % 7)"
END = "def run(now): pass"
HANG = "def run(now):\n    while True: pass"
RESTART = "import machine\ndef run(now): machine.reset()"
EXIT = "import sys\ndef run(now): sys.exit()"
WATCHDOG = (
    "import state\ndef run(now):\n    state.note('looking for the network')\n    print('HANGING')\n    while True: pass"
)
POWER = "def run(now):\n    print('CUT THE POWER')\n    while True: pass"
NO_MQTT = "import state\ndef run(now):\n    state.give_up('no WiFi within 300 s')"
PORTAL = "import state\ndef run(now): state.request('portal')"


@pytest.fixture
def chip(tmp_path: Path) -> Chip:
    return Chip(tmp_path)


def release(sequence: int, start: str = APPLICATION) -> Release:
    return signer().release(sequence, application(start=start))


def state(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def on_trial(chip: Chip, start: str = APPLICATION) -> None:
    """Flash a chip that runs release 1 and has release 2 to try."""
    trial = {"slot": "b", "version": "1.2.0", "tries": 0}
    given = state(slot="a", trial=trial, mode="gateway", sequence=1)
    chip.flash(new_image(release(1), release(2, start), state__json=given))


def test_a_trial_that_is_confirmed_is_what_runs_from_then_on(chip: Chip) -> None:
    """A release that reaches MQTT stays, and says that it is installed."""
    on_trial(chip)
    assert "RUNS 1.2.0 in b as gateway" in chip.boot()
    assert "RUNS 1.2.0 in b as gateway" in chip.boot(cause=0)
    assert chip.state() | {"slot": "b", "trial": None, "sequence": 2, "update": "1.2.0: installed"} == chip.state()


@pytest.mark.parametrize(
    ("start", "why"),
    [
        (CRASH_AT_IMPORT, "ImportError(\"no module named 'nothing_of_that_name'\",)"),
        (CRASH, "ValueError('the meter said 7',)"),
        (END, "it ended"),
        (HANG, "its time was over while starting"),
        (RESTART, "it restarted by itself while starting"),
        (EXIT, "it restarted by itself while starting"),
        (WATCHDOG, "the watchdog found it hanging while looking for the network"),
        (POWER, "the power was cut"),
        (NO_MQTT, "no WiFi within 300 s"),
        (PORTAL, "asked for portal before it had reached MQTT"),
    ],
)
def test_a_trial_that_fails_is_rolled_back_with_the_reason(chip: Chip, start: str, why: str) -> None:
    """A release that does not confirm itself is tried exactly once, and the device tells why it went back."""
    on_trial(chip, start)
    chip.hurry = 4000 if start == HANG else 0
    chip.boot()
    chip.hurry = 0
    assert chip.state()["trial"] == {"slot": "b", "version": "1.2.0", "tries": 1}
    assert "RUNS 1.1.0 in a as gateway" in chip.boot()
    found = chip.state()
    assert (found["trial"], found["slot"], found["failures"]) == (None, "a", 0)
    assert found["update"] == f"1.2.0: rolled back: {why}"
    assert found["why"] == why


def test_a_trial_whose_files_are_damaged_is_not_tried(chip: Chip) -> None:
    """A flipped bit in the new slot is found before anything of it runs."""
    good = release(2)
    broken = Release(good.manifest, good.signature, good.files | {"wifi.mpy": good.files["wifi.mpy"] + b"\0"})
    given = state(slot="a", trial={"slot": "b", "version": "1.2.0", "tries": 0}, mode="gateway", sequence=1)
    chip.flash(new_image(release(1), broken, state__json=given))
    assert "RUNS 1.1.0 in a as gateway" in chip.boot()
    assert chip.state()["update"] == "1.2.0: rolled back: its files are not as they were sent"


@pytest.mark.parametrize(
    "text", [b"", b"{", b'{"slot":"a","tri', b"\xff" * 40, b"[]", b'{"slot":"c"}', b'{"slot":7}', b"null"]
)
def test_a_damaged_state_costs_nothing_but_the_trial(chip: Chip, text: bytes) -> None:
    """With an unreadable state the copy tells which slot runs, and a trial that it still knows of is not repeated."""
    trial = {"slot": "b", "version": "1.2.0", "tries": 0}
    copy = state(slot="a", trial=trial, mode="update", order={"url": "x"})
    chip.flash(new_image(release(1), release(2), state__json=text, state__copy=copy))
    assert "RUNS 1.1.0 in a as gateway" in chip.boot()
    assert chip.state()["slot"] == "a"


@pytest.mark.parametrize("texts", [(None, None), (b"", b""), (b"{", b"\0" * 200)])
def test_without_any_state_the_newest_whole_slot_runs(chip: Chip, texts: tuple[bytes | None, bytes | None]) -> None:
    """A chip that has lost its state, or never had one, runs the whole slot of the highest sequence."""
    root = {name: text for name, text in zip(("state__json", "state__copy"), texts, strict=True) if text is not None}
    chip.flash(new_image(release(1), release(2), **root))
    assert "RUNS 1.2.0 in b as gateway" in chip.boot()
    assert chip.state() | {"slot": "b", "sequence": 2} == chip.state()


@pytest.mark.parametrize(
    "given",
    [
        {"trial": {"slot": "b"}},
        {"trial": {"slot": "x", "tries": 0}},
        {"trial": "b"},
        {"mode": "dance"},
        {"failures": "many"},
        {"why": 3, "update": None, "order": []},
        {"sequence": None},
    ],
)
def test_a_field_of_the_wrong_kind_is_as_if_it_were_absent(chip: Chip, given: dict[str, object]) -> None:
    """The state's fields are taken one by one; what makes no sense is dropped."""
    chip.flash(new_image(release(1), state__json=state(slot="a", **given)))
    assert "RUNS 1.1.0 in a as gateway" in chip.boot()


def damaged(whole: Release, *names: str) -> Release:
    return Release(whole.manifest, whole.signature, {n: c for n, c in whole.files.items() if n not in names})


def test_a_damaged_slot_gives_way_to_the_whole_one(chip: Chip) -> None:
    """When a file of the confirmed slot goes bad the other slot runs, and says so."""
    chip.flash(new_image(damaged(release(3), "signature.mpy"), release(2), state__json=state(slot="a", sequence=3)))
    assert "RUNS 1.2.0 in b as gateway" in chip.boot()
    assert chip.state() | {"slot": "b", "sequence": 2} == chip.state()


def test_of_two_damaged_slots_whatever_still_starts_runs(chip: Chip) -> None:
    """With both slots damaged the device still runs what it can, so that an update can mend it."""
    both = damaged(release(1), "signature.mpy"), damaged(release(2), "start.mpy")
    chip.flash(new_image(*both, state__json=state(slot="b", sequence=2)))
    assert "RUNS ? in b as gateway" in chip.boot()  # start.mpy is taken from slot a


def test_a_device_without_a_working_slot_tries_each_way_in_turn_for_ever(chip: Chip) -> None:
    """Nothing works: gateway and portal of both slots are tried in turn, with a pause and never twice at once."""
    telling = "import state\ndef run(now):\n    print('TRIES', state.running(), now['mode'])\n    raise ValueError"
    broken = damaged(release(1, telling), "wifi.mpy"), damaged(release(2, telling), "wifi.mpy")
    chip.flash(new_image(*broken))
    ways = [chip.boot().strip() for _ in range(6)]
    assert ways == [
        f"TRIES {way}" for way in ("a gateway", "b gateway", "a portal", "b portal", "a gateway", "b gateway")
    ]


def test_empty_slots_leave_a_device_that_keeps_trying(chip: Chip) -> None:
    """Without any application the device restarts, time after time, and waits in between."""
    chip.flash(image(selector_files(), a=None, b=None))
    for _ in range(3):
        assert chip.boot() == ""
    assert chip.state()["why"] == "ImportError(\"no module named 'start'\",)"
    assert chip.state()["failures"] == 2


def test_a_confirmed_release_that_only_crashes_gives_way_to_the_other(chip: Chip) -> None:
    """Five failures in a row without MQTT, and the other slot has its turn; once confirmed it stays."""
    chip.flash(new_image(release(3, CRASH), release(2), state__json=state(slot="a", sequence=3)))
    for _ in range(5):
        assert chip.boot() == ""
    assert chip.state()["failures"] == 4
    assert "RUNS 1.2.0 in b as gateway" in chip.boot()
    assert chip.state() | {"slot": "b", "failures": 0, "why": "ValueError('the meter said 7',)"} == chip.state()


def test_a_crash_now_and_then_changes_nothing(chip: Chip) -> None:
    """A failure after MQTT was reached is told, and forgotten at the next confirmation."""
    chip.flash(new_image(release(1), release(2), state__json=state(slot="a", sequence=1)))
    for _ in range(7):
        assert "RUNS 1.1.0 in a" in chip.boot("state.confirm(); raise OSError(5)")
    assert chip.state() | {"slot": "a", "failures": 0, "why": "OSError(5,)"} == chip.state()


def test_the_way_out_of_a_crashing_mode_is_the_gateway(chip: Chip) -> None:
    """A portal or an update that crashes is not entered again by itself."""
    chip.flash(new_image(release(1, CRASH), state__json=state(slot="a", sequence=1, mode="update", order={"url": "x"})))
    chip.boot()
    chip.boot()
    assert chip.state() | {"mode": "gateway", "order": None} == chip.state()
    assert chip.state()["update"] == "?: failed: ValueError('the meter said 7',)"


@pytest.mark.parametrize("cause", [0, 6])
def test_a_power_cut_is_no_failure(chip: Chip, cause: int) -> None:
    """However often the power goes, the confirmed slot keeps its place and its mode."""
    given = state(slot="a", sequence=1, mode="portal")
    chip.flash(new_image(release(1), release(2), state__json=given))
    for _ in range(7):
        assert "RUNS 1.1.0 in a as portal" in chip.boot("print('CUT THE POWER')\nwhile True: pass", cause=cause)
    assert chip.state() == json.loads(given)


def test_the_reason_survives_in_words_of_any_length(chip: Chip) -> None:
    """A reason of a thousand letters, some of them not ASCII, is cut to what the RTC's memory keeps."""
    on_trial(chip, "import state\ndef run(now): state.give_up('\\u20ac' * 1000)")
    chip.boot()
    chip.boot()
    assert chip.state()["why"] == "?" * 100


def test_a_restart_on_purpose_is_no_failure(chip: Chip) -> None:
    """Asking for a mode counts as nothing gone wrong, and the mode is entered."""
    chip.flash(new_image(release(1)))
    chip.boot("state.confirm(); state.request('portal')")
    assert "RUNS 1.1.0 in a as portal" in chip.boot("state.request('gateway')")
    assert "RUNS 1.1.0 in a as gateway" in chip.boot("state.restart()")
    assert chip.state()["failures"] == 0


BLINK = """
import machine
class Pin:
    OUT = 1
    def __init__(self, number, mode):
        self.number = number
        self.flashes = 0
    def __call__(self, level):
        self.flashes += level
        if self.flashes == 120 and level:
            print("LED", self.number, "flashed", self.flashes, "times")
machine.Pin = Pin
1 / 0
"""


@pytest.mark.parametrize(
    ("settings", "pin"), [({"config__json": b'{"led": 2}'}, 2), ({"config__json": b"{"}, 1), ({}, 1)]
)
def test_after_a_crash_the_led_flashes_for_a_minute(chip: Chip, settings: dict[str, bytes], pin: int) -> None:
    """A crash of the confirmed slot is followed by a pause with 60 double flashes, so that it never loops tightly."""
    chip.flash(new_image(release(1), **settings))
    assert f"LED {pin} flashed 120 times" in chip.boot(BLINK)


def test_after_a_trial_there_is_no_pause(chip: Chip) -> None:
    """The old slot comes back at once."""
    on_trial(chip)
    assert "LED" not in chip.boot(BLINK)
    assert "RUNS 1.1.0" in chip.boot()
