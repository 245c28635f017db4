"""What the portal takes: flash by the byte, heap by the kilobyte."""

from pathlib import Path

from tests.firmware.interpreter import CHIP_BYTES
from tests.firmware.portal_air import Names, Port
from tests.firmware.portal_device import Device, running, stand_in_bytes

ALWAYS = ("portal", "web", "dns", "wifi", "rarely")
NOW_AND_THEN = {"form": ("form",), "networks": ("networks",), "attempt": ("attempt", "names")}
LOADED_BYTES = 12 * 1024
PAGE_BYTES = 5 * 1024


def test_flash(portal_root: Path) -> None:
    """Never is more than 12 KB of code loaded at once, and the page is less than 5 KB."""
    sizes = {file.stem: file.stat().st_size for file in portal_root.glob("*.mpy")}
    always = sum(sizes[name] for name in ALWAYS)
    for part, names in NOW_AND_THEN.items():
        loaded = always + sum(sizes[name] for name in names)
        print(f"loaded with {part}: {loaded} bytes of .mpy")  # noqa: T201
        assert loaded <= LOADED_BYTES
    print(*(f"{name}.mpy {size}" for name, size in sorted(sizes.items())))  # noqa: T201
    for page in portal_root.glob("*.html.gz"):
        print(f"{page.name} {page.stat().st_size} bytes")  # noqa: T201
        assert page.stat().st_size <= PAGE_BYTES


def first_start(device: Device) -> bool:
    """The whole way through the portal; False where the heap was too small for it."""
    with Names() as names, Port(b"\x20\x02\x00\x00") as broker, running(device):
        names.known = {"broker.home.arpa": "127.0.0.1"}
        device.breathe(dns=names.address)
        try:
            device.ask("GET", "/?l=nl")
            device.json("/settings")
            device.json("/networks?again")
            device.enter(
                ssid="home", host="broker.home.arpa", port=str(broker.number), broker_password="p" * 60, user="u" * 60
            )
            return device.outcome() == ("done", "")
        except (OSError, AssertionError):
            return False


def test_heap(portal_root: Path, tmp_path: Path) -> None:
    """The whole way through the portal fits into 38 KB, though objects of a PC are twice as wide as the chip's."""
    print(f"stand-ins and driver take {stand_in_bytes(portal_root)} bytes, which are added")  # noqa: T201
    smallest = 0
    for kilobytes in range(38, 20, -1):
        device = Device(
            root=portal_root,
            folder=tmp_path / str(kilobytes),
            air={"networks": [{"ssid": "home"}]},
            heap_bytes=kilobytes * 1024,
            pace=40,
        )
        if not first_start(device):
            break
        smallest = kilobytes
    print(f"smallest heap for the whole way: {smallest} KB")  # noqa: T201
    assert 0 < smallest * 1024 <= CHIP_BYTES
