"""Updates over the air, on real MicroPython over a littlefs2: what is taken, and all that is not."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from meterkast.firmware.compiling import build
from meterkast.firmware.source import Source
from meterkast_contracts.firmware import MANIFEST, MOST_FILES

from tests.firmware.device import (
    FIRMWARE,
    Chip,
    Files,
    Release,
    Signer,
    application,
    compiled,
    new_image,
    signer,
)
from tests.firmware.interpreter import CHIP_BYTES, stand_in_bytes
from tests.firmware.server import Shelf, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Shelf]:
    with serving() as shelf:
        yield shelf


@pytest.fixture
def shelf(server: Shelf) -> Shelf:
    server.files.clear()
    server.raw.clear()
    server.stalled.clear()
    server.asked.clear()
    return server


@pytest.fixture
def chip(tmp_path: Path) -> Chip:
    return Chip(tmp_path)


RUNNING = signer().release(5, application())
NEXT = signer().release(6, application())


def ordered(chip: Chip, url: object, *, running: Release = RUNNING, other: Release | None = None, **root: bytes) -> str:
    """Let a chip that runs release 5 carry out an update; return what it says about it."""
    state = {"slot": "a", "sequence": 5, "mode": "update", "order": {"url": url}}
    chip.flash(new_image(running, other, **{"state__json": json.dumps(state).encode()} | root))
    chip.boot(cause=4)
    return str(chip.state()["update"])


def untouched(chip: Chip) -> bool:
    """Whether what ran before runs on, byte for byte, and nothing is on trial."""
    files = chip.files()
    state = chip.state()
    assert (state["slot"], state["trial"], state["mode"], state["order"]) == ("a", None, "gateway", None)
    assert "RUNS 1.5.0 in a as gateway" in chip.boot()
    return all(files[f"/a/{name}"] == content for name, content in RUNNING.served().items())


def test_an_update_goes_from_one_release_to_the_next_and_on(chip: Chip, shelf: Shelf) -> None:
    """Release after release goes into the slot that does not run, is tried, confirmed, and updates in its turn."""
    chip.flash(new_image(RUNNING))
    for sequence, slot in ((6, "b"), (7, "a"), (8, "b")):
        url = shelf.put(f"{sequence}", signer().release(sequence, application()).served())
        chip.boot(f"state.confirm(); state.request('update', {{'url': '{url}'}})")
        assert "as update" in chip.boot()
        assert chip.state()["update"] == f"1.{sequence}.0: trial"
        assert f"RUNS 1.{sequence}.0 in {slot} as gateway" in chip.boot()
        assert chip.state()["update"] == f"1.{sequence}.0: installed"
        assert chip.state()["why"] == ""


def test_an_update_leaves_exactly_the_files_of_its_release(chip: Chip, shelf: Shelf) -> None:
    """What was in the slot before is gone, and what is there now is what was signed."""
    old = signer().release(4, application() | {"gone.mpy": b"x" * 9000})
    assert ordered(chip, shelf.put("r", NEXT.served()), other=old) == "1.6.0: trial"
    found = {path.removeprefix("/b/"): content for path, content in chip.files().items() if path.startswith("/b/")}
    assert found == NEXT.served()


def test_a_signed_downgrade_is_taken(chip: Chip, shelf: Shelf) -> None:
    """An older release comes back only when its manifest, and so its signature, says that it may."""
    url = shelf.put("r", signer().release(3, application(), downgrade=True).served())
    assert ordered(chip, url) == "1.3.0: trial"
    assert "RUNS 1.3.0 in b" in chip.boot()
    assert chip.state()["sequence"] == 3


def test_a_damaged_slot_takes_its_own_release_again(chip: Chip, shelf: Shelf) -> None:
    """With a file of the running slot damaged the same release mends it, and an older one is still refused."""
    broken = replace(RUNNING, manifest=RUNNING.manifest.replace(b'"start.mpy"', b'"other.mpy"'))
    url = shelf.put("r", RUNNING.served())
    assert ordered(chip, url, running=broken) == "1.5.0: trial"
    assert "RUNS 1.5.0 in b" in chip.boot()
    ordered(chip, "", running=broken)
    assert "RUNS ? in a as gateway" in chip.boot()
    assert chip.state()["sequence"] == 5
    old = shelf.put("o", signer().release(4, application()).served())
    assert ordered(chip, old, running=broken).startswith("1.4.0: refused: its sequence 4 is not above 5")


def rewritten(change: dict[str, object], *, drop: str = "") -> Release:
    """Release 6 with a first entry of its files changed, well signed."""
    entries = json.loads(NEXT.manifest)["files"]
    entries[0] |= change
    entries[0].pop(drop, None)
    return signer().release(6, NEXT.files, files=entries)


def signed(text: bytes) -> Release:
    return Release(text, signer().sign(text), {})


OTHER = signer().release(7, application() | {"wifi.mpy": compiled("def connect(config): return ' '", "wifi.py")})
SIGNATURE = "its signature is not of the key that this device trusts"
COUNT = f"it does not have 1 to {MOST_FILES} files"
ENTRY = "a file of it has no proper name, size or hash"
TAMPERED = bytes(reversed(NEXT.files["wifi.mpy"]))
REFUSED: dict[str, tuple[Release, str]] = {
    "manifest tampered": (replace(NEXT, manifest=NEXT.manifest.replace(b"1.6.0", b"1.6.1")), SIGNATURE),
    "manifest of another release": (replace(NEXT, manifest=OTHER.manifest), SIGNATURE),
    "space added": (replace(NEXT, manifest=NEXT.manifest + b"\n"), SIGNATURE),
    "signature truncated": (replace(NEXT, signature=NEXT.signature[:-1]), SIGNATURE),
    "signature empty": (replace(NEXT, signature=b""), SIGNATURE),
    "signature too long": (replace(NEXT, signature=NEXT.signature + b"\0"), "manifest.sig has 257 bytes"),
    "wrong key": (Signer().release(6, application()), SIGNATURE),
    "manifest too long": (signer().release(6, application(), note="x" * 4096), "manifest.json has"),
    "manifest empty": (signed(b""), "its manifest is not understood"),
    "manifest no JSON": (signed(b"{"), "its manifest is not understood"),
    "manifest a list": (signed(b"[1]"), "its manifest is not understood"),
    "version no text": (signer().release(6, application(), version=7), "its manifest is not understood"),
    "version with a space": (signer().release(6, application(), version="1 2"), "its manifest is not understood"),
    "another product": (signer().release(6, application(), product="meterkast-esp32"), "it is for meterkast-esp32"),
    "no product": (signer().release(6, application(), product=None), "it is for None"),
    "older": (signer().release(4, application()), "its sequence 4 is not above 5"),
    "the same": (RUNNING, "its sequence 5 is not above 5"),
    "downgrade said with a word": (signer().release(4, application(), downgrade="yes"), "its sequence 4"),
    "sequence no number": (signer().release(6, application(), sequence="9"), "its sequence is no number"),
    "no files": (signer().release(6, {}), COUNT),
    "files no list": (signer().release(6, {}, files={"start.mpy": 1}), COUNT),
    "too many files": (signer().release(6, {"start.mpy": b""}, files=[{}] * (MOST_FILES + 1)), COUNT),
    "no start": (signer().release(6, {"other.mpy": b""}), "a file is there twice, or start.mpy is not"),
    "a file twice": (rewritten({"name": "start.mpy"}), "a file is there twice"),
    **{
        f"name {name!r}": (rewritten({"name": name}), ENTRY)
        for name in ("../main.py", "a/b", "/main.py", "..", ".mpy", "", "A.mpy", "manifest.json", "x" * 33, "a b", 7)
    },
    "size no number": (rewritten({"size": "9"}), ENTRY),
    "size below zero": (rewritten({"size": -1}), ENTRY),
    "hash too short": (rewritten({"sha256": "00"}), ENTRY),
    "no hash": (rewritten({}, drop="sha256"), ENTRY),
    "no room": (rewritten({"size": 400_000}), "blocks of 4 KB, there is room for"),
    "a size beyond all numbers": (rewritten({"size": 10**30}), "blocks of 4 KB, there is room for"),
    "file tampered": (replace(NEXT, files=NEXT.files | {"wifi.mpy": TAMPERED}), "wifi.mpy is not what was signed"),
    "file of another release": (replace(NEXT, files=OTHER.files), "wifi.mpy"),
    "file longer": (replace(NEXT, files=NEXT.files | {"wifi.mpy": NEXT.files["wifi.mpy"] + b"\0"}), "wifi.mpy has"),
    "file shorter": (replace(NEXT, files=NEXT.files | {"wifi.mpy": NEXT.files["wifi.mpy"][:-1]}), "wifi.mpy has"),
    "file empty": (replace(NEXT, files=NEXT.files | {"update.mpy": b""}), "update.mpy has 0 bytes, the manifest says"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_a_release_that_is_not_exactly_right_is_refused(chip: Chip, shelf: Shelf, case: tuple[Release, str]) -> None:
    """Tampered, truncated, replayed, swapped, foreign: refused with the reason, and the running slot is untouched."""
    release, why = case
    said = ordered(chip, shelf.put("r", release.served()))
    assert ": refused: " in said
    assert why in said
    assert untouched(chip)


def test_nothing_is_fetched_or_erased_for_a_manifest_that_is_not_signed(chip: Chip, shelf: Shelf) -> None:
    """The signature is checked before anything else is asked for, and before the idle slot is touched."""
    old = signer().release(4, application())
    ordered(chip, shelf.put("r", replace(NEXT, signature=OTHER.signature).served()), other=old)
    assert shelf.asked == ["/r/manifest.json", "/r/manifest.sig"]
    assert all(chip.files()[f"/b/{name}"] == content for name, content in old.served().items())


KEYS = {"empty": b"", "zeros": b"\0" * 270, "cut short": signer().public()[:-1], "another": Signer().public()}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
def test_a_device_with_a_wrong_key_or_none_takes_nothing(chip: Chip, shelf: Shelf, key: bytes) -> None:
    """Without its key a device cannot tell what is genuine, so it refuses."""
    said = ordered(chip, shelf.put("r", NEXT.served()), key__der=key)
    assert said == f"?: refused: {SIGNATURE}"
    assert untouched(chip)


@pytest.mark.parametrize(
    "url",
    ["", None, 7, "https://127.0.0.1/r/", "ftp://x/", "http://127.0.0.1:x/r/", "http://a b/", "http://a\r\nX: y/"],
)
def test_an_address_that_is_none_is_refused(chip: Chip, url: object) -> None:
    """An order without a usable address ends at once."""
    assert ordered(chip, url).startswith("?: refused: its address ")
    assert untouched(chip)


HEAD = b"HTTP/1.1 200 OK\r\n"
FAILED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "the server says nothing"),
    "not found": (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "the server says 404"),
    "moved": (b"HTTP/1.1 301 Moved\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", "the server says 301"),
    "no HTTP": (b"SSH-2.0-OpenSSH\r\n", "the server says nothing"),
    "no length": (HEAD + b"\r\nabc", "the server does not say how long it is"),
    "chunked": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "the server does not say how long"),
    "a length below zero": (HEAD + b"Content-Length: -1\r\n\r\n", "the server does not say how long it is"),
    "a length of letters": (HEAD + b"Content-Length: x\r\n\r\n", "the server does not say how long it is"),
    "a head without end": (HEAD + b"X: y\r\n" * 100, "the server does not say how long it is"),
    "a line without end": (HEAD + b"x" * 30_000, "the server does not say how long it is"),
}


@pytest.mark.parametrize("case", FAILED.values(), ids=FAILED)
@pytest.mark.parametrize("name", ["manifest.json", "wifi.mpy"])
def test_a_server_that_answers_wrongly_is_asked_three_times(
    chip: Chip, shelf: Shelf, name: str, case: tuple[bytes, str]
) -> None:
    """What may be a passing trouble is tried again, and then told; the running slot is untouched."""
    answer, why = case
    url = shelf.put("r", NEXT.served())
    shelf.raw[f"/r/{name}"] = answer
    said = ordered(chip, url)
    assert said.startswith(("?: failed: " if name == "manifest.json" else "1.6.0: failed: ") + f"{name}: {why}")
    assert shelf.asked.count(f"/r/{name}") == 3
    assert untouched(chip)


def answer(content: bytes) -> bytes:
    return HEAD + f"Content-Length: {len(content)}\r\n\r\n".encode() + content


@pytest.mark.parametrize("name", ["manifest.json", "manifest.sig", "start.mpy", "update.mpy"])
@pytest.mark.parametrize("part", [0.003, 0.01, 0.06, 0.3, 0.5, 0.97, 0.9999])
def test_a_download_that_breaks_off_leaves_no_slot_that_looks_whole(
    chip: Chip, shelf: Shelf, name: str, part: float
) -> None:
    """Wherever an answer is cut short, the update fails, and the idle slot has no manifest."""
    url = shelf.put("r", NEXT.served())
    whole = answer(NEXT.served()[name])
    shelf.raw[f"/r/{name}"] = whole[: int(len(whole) * part)]
    assert ": failed: " in ordered(chip, url)
    assert "/b/manifest.json" not in chip.files()
    assert untouched(chip)


def test_what_failed_works_when_the_server_works_again(chip: Chip, shelf: Shelf) -> None:
    """A failed update is in no later one's way."""
    url = shelf.put("r", NEXT.served())
    shelf.raw["/r/update.mpy"] = answer(NEXT.files["update.mpy"])[:3000]
    ordered(chip, url)
    shelf.raw.clear()
    chip.boot(f"state.confirm(); state.request('update', {{'url': '{url}'}})")
    chip.boot()
    assert "RUNS 1.6.0 in b as gateway" in chip.boot()


def test_a_server_that_stalls_costs_eleven_minutes_at_most(chip: Chip, shelf: Shelf) -> None:
    """A hard timer ends an update that stands still, and the gateway comes back with the reason."""
    url = shelf.put("r", NEXT.served())
    shelf.stalled.add("/r/start.mpy")
    chip.hurry = 300
    ordered(chip, url)
    chip.hurry = 0
    assert "RUNS 1.5.0 in a as gateway" in chip.boot()
    assert chip.state()["update"] == "?: failed: its time was over while fetching start.mpy"
    assert untouched(chip)


def test_no_server_is_a_failure(chip: Chip) -> None:
    """Where nobody listens, the update fails and says so."""
    assert ordered(chip, "http://127.0.0.1:9/r/") == "?: failed: network error 111"
    assert untouched(chip)


def test_no_network_is_a_failure(chip: Chip) -> None:
    """Without WiFi the update fails with the reason that wifi.py gives."""
    running = signer().release(5, application(wifi="def connect(config): return 'password'"))
    assert ordered(chip, "http://127.0.0.1:9/r/", running=running) == "?: failed: WiFi: password"


def test_an_update_that_loses_power_is_begun_again_twice(chip: Chip) -> None:
    """Three power cuts in the midst of it, and the device stops trying."""
    running = signer().release(5, application(wifi="def connect(config):\n print('CUT THE POWER')\n while 1: pass"))
    ordered(chip, "http://127.0.0.1:9/r/", running=running)
    for _ in range(2):
        assert "as update" in chip.boot(cause=0)
    assert "as update" in chip.boot(cause=0)
    assert chip.state() | {"mode": "gateway", "update": "?: failed: it was interrupted 3 times"} == chip.state()


def test_an_updater_that_crashes_gives_way_to_the_gateway(chip: Chip) -> None:
    """Whatever an update dies of, the gateway is back after it."""
    running = signer().release(5, application(wifi="def connect(config): raise MemoryError('7 KB')"))
    ordered(chip, "http://127.0.0.1:9/r/", running=running)
    assert "RUNS 1.5.0 in a as gateway" in chip.boot()
    assert chip.state()["update"] == "?: failed: MemoryError('7 KB',)"


def most_files(folder: Path) -> Files:
    """The firmware's own files, and as many more as a release may have."""
    build(Source(FIRMWARE), folder, version="1.0.0", sequence=1)
    own = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != MANIFEST}
    return own | application() | {f"module_{number}.mpy": b"M" for number in range(MOST_FILES - len(own))}


def test_the_largest_update_fits_the_heap(
    chip: Chip, shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The firmware as it is, in as many files as a release may have, is taken within 38 KB."""
    release = signer().release(6, most_files(tmp_path / "build"))
    assert len(release.files) == MOST_FILES
    url = shelf.put("r", release.served())
    low, high = 16, 39
    while low < high:
        chip.heap = ((low + high) // 2) * 1024 + stand_in_bytes()
        if ordered(chip, url) == "1.6.0: trial":
            high = (low + high) // 2
        else:
            low = (low + high) // 2 + 1
    with capsys.disabled():
        sys.stdout.write(f"\nan update of {len(release.files)} files runs in a heap of {high} KB\n")
    assert high * 1024 <= CHIP_BYTES


def test_the_selector_leaves_the_heap_to_the_application(chip: Chip, capsys: pytest.CaptureFixture[str]) -> None:
    """When the application starts, no more than the state's module and the chip's path are left in the heap."""
    chip.flash(new_image(RUNNING))
    used = chip.boot("import gc; gc.collect(); print('USED', gc.mem_alloc()); state.restart()").split("USED ")[1]
    left = int(used) - stand_in_bytes()
    with capsys.disabled():
        sys.stdout.write(f"\nselector and state leave {left} bytes in the heap, the test's start.py among them\n")
    assert left < 11 * 1024


SIZES = {"selector/selector.py": 2700, "selector/state.py": 2500, "app/update.py": 5400, "app/signature.py": 500}


def test_what_is_loaded_is_small(capsys: pytest.CaptureFixture[str]) -> None:
    """The compiled files keep to their bounds, in bytes."""
    sizes = {name: len(compiled(FIRMWARE / name)) for name in SIZES}
    with capsys.disabled():
        sys.stdout.write("\n" + ", ".join(f"{Path(name).stem}.mpy {size}" for name, size in sizes.items()) + "\n")
    assert not {name: size for name, size in sizes.items() if size > SIZES[name]}
