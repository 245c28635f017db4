"""The power is cut at every single operation of the flash, in its midst; the device always comes back whole."""

import hashlib
import json
import os
import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.firmware.device import FIRMWARE, Release, application, compiled, new_image, signer
from tests.firmware.interpreter import STAND_IN, interpreter
from tests.firmware.server import serving

START = """
import probe
import state

def run(now):
    probe.arrived(now, state)
    import update
    update.run(now, {})
"""
CONFIRM = "state.confirm(); state.restart()"
TORN = int(os.environ.get("FIRMWARE_TORN", "1"))
BATCHES = 4


@dataclass(frozen=True)
class Outcome:
    """How many operations there were, how many were cut, which devices were wrong and what the others ran."""

    operations: int
    cuts: int
    wrong: list[list[object]]
    saw: dict[str, int]


def release(sequence: int) -> Release:
    """A release with a file of two blocks, one of exactly one, one that fits beside its name, and an empty one."""
    chance = random.Random(sequence)
    more = {
        "more.mpy": chance.randbytes(5000 + sequence),
        "block.html": chance.randbytes(4096),
        "small.mpy": chance.randbytes(60 + sequence),
        "empty.mpy": b"",
    }
    return signer().release(sequence, application(start=START) | more)


RELEASES = {f"1.{sequence}.0": release(sequence) for sequence in (1, 2, 3, 4)}


def cut(folder: Path, plan: dict[str, object], image: bytes, first: int = 0, step: int = 1) -> Outcome:
    """Cut the plan at every step-th operation, and let each device live on; what became of them."""
    hashed = {
        version: {name: hashlib.sha256(content).hexdigest() for name, content in one.files.items()}
        for version, one in RELEASES.items()
    }
    with serving() as shelf:
        urls = {version: shelf.put(version, one.served()) for version, one in RELEASES.items()}
        text = json.dumps({"slots": hashed, "torn": TORN} | plan)
        for version, url in urls.items():
            text = text.replace(f"<{version}>", url)
        (folder / "plan.json").write_text(text)
        (folder / "image").write_bytes(image)
        done = subprocess.run(
            [
                *interpreter().command,
                "-X",
                "heapsize=8M",
                STAND_IN / "cuts.py",
                "image",
                "plan.json",
                str(first),
                str(step),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return Outcome(**json.loads(done.stdout))


@pytest.mark.parametrize("batch", range(BATCHES))
def test_a_cut_anywhere_in_an_update_costs_nothing(tmp_path: Path, batch: int) -> None:
    """From the order to the confirmed trial: each cut leaves a whole slot, old or new, and a later update succeeds."""
    plan = {
        "prepare": [CONFIRM],
        "todo": "state.confirm(); state.restart() if state.version() != '1.2.0' else "
        "state.request('update', {'url': '<1.3.0>'})",
        "boots": 3,
        "ends": ["1.2.0", "1.3.0"],
        "later": {"version": "1.4.0", "url": "<1.4.0>"},
    }
    found = cut(tmp_path, plan, new_image(RELEASES["1.2.0"], RELEASES["1.1.0"]), batch, BATCHES)
    assert found.wrong == []
    assert found.operations > 200
    assert found.cuts == len(range(batch, found.operations, BATCHES)) * TORN
    assert set(found.saw) == {"1.2.0", "1.3.0"}


TRIAL = json.dumps({"slot": "a", "sequence": 1, "trial": {"slot": "b", "version": "1.2.0", "tries": 0}}).encode()
BOTH = {"1.1.0", "1.2.0"}
SCENARIOS: dict[str, tuple[str, int, set[str]]] = {
    "confirm": (CONFIRM, 1, BOTH),
    "give up": ("state.give_up('no') if state.version() == '1.2.0' else state.restart()", 2, {"1.1.0"}),
    "crash": ("1 / 0", 2, {"1.1.0"}),
    "save": ("[state.save(state.load() | {'answer': 'x' * n}) for n in range(0, 900, 150)]; state.restart()", 1, BOTH),
    "request": ("state.confirm(); state.request('portal', {'a': 1}, 'words')", 1, BOTH),
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_a_cut_anywhere_in_writing_the_state_costs_nothing(tmp_path: Path, scenario: tuple[str, int, set[str]]) -> None:
    """A trial is started, confirmed, given up, crashes: after a cut one of the two slots runs, whole."""
    todo, boots, ends = scenario
    image = new_image(RELEASES["1.1.0"], RELEASES["1.2.0"], state__json=TRIAL, state__copy=TRIAL)
    found = cut(tmp_path, {"prepare": [], "todo": todo, "boots": boots, "ends": sorted(BOTH)}, image)
    assert found.wrong == []
    assert found.cuts
    assert set(found.saw) <= BOTH
    assert ends & set(found.saw)


def test_a_cut_anywhere_never_starts_a_bad_release_twice(tmp_path: Path) -> None:
    """A release that crashes is started once at most, whenever the power goes, and the old one is back after it."""
    image = new_image(RELEASES["1.1.0"], RELEASES["1.2.0"], state__json=TRIAL, state__copy=TRIAL)
    plan = {"prepare": [], "todo": CONFIRM, "boots": 3, "ends": ["1.1.0"], "bad": "1.2.0"}
    found = cut(tmp_path, plan, image)
    assert found.wrong == []
    assert found.operations > 20
    assert found.saw == {"1.1.0": found.cuts}


SETTINGS = ("settings", "checks", "rarely", "trial")
SET = """
import settings, trial
config = settings.load()
if config["broker"]["host"] == "old" and not trial.settings_on_trial():
    trial.try_out(dict(config, broker={"host": "new", "port": 1883}))
trial.passed()
state.restart()
"""


@pytest.mark.skipif(not (FIRMWARE / "app" / "settings.py").exists(), reason="firmware/app/settings.py is not there yet")
def test_a_cut_anywhere_in_changing_the_settings_leaves_the_old_or_the_new(tmp_path: Path) -> None:
    """An order that changes the settings leaves a device with its network and one of the two brokers, after any cut."""
    modules = {f"{name}.mpy": compiled(FIRMWARE / "app" / f"{name}.py") for name in SETTINGS}
    one = signer().release(1, application(start=START) | modules)
    config = {
        "gateway": "home",
        "wifi": {"ssid": "home", "password": "secret"},
        "broker": {"host": "old", "port": 1883},
    }
    load = "__import__('settings').load()"
    has = f"{load}.get('wifi', {{}}).get('ssid') == 'home' and {load}.get('broker', {{}}).get('host') in ('old', 'new')"
    plan = {
        "prepare": [CONFIRM],
        "todo": SET,
        "boots": 2,
        "ends": ["1.1.0"],
        "check": has,
        "after": "import trial; trial.passed(); state.restart()",
        "slots": {"1.1.0": {name: hashlib.sha256(content).hexdigest() for name, content in one.files.items()}},
    }
    found = cut(tmp_path, plan, new_image(one, config__json=json.dumps(config).encode()))
    assert found.wrong == []
    assert found.operations > 5
