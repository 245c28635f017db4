"""The model of the flash does what NOR flash does, and what a power cut can do to it."""

import importlib.util
from types import ModuleType

import pytest

from tests.firmware.interpreter import STAND_IN


def model() -> ModuleType:
    spec = importlib.util.spec_from_file_location("flash", STAND_IN / "flash.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FLASH = model()
OLD = bytes(range(256)) * 16
NEW = bytes(reversed(OLD))


def bits(content: bytes) -> int:
    return int.from_bytes(content, "big")


def test_programming_clears_bits_and_erasing_sets_them() -> None:
    """What is programmed over is the AND of both; only an erase brings ones back."""
    flash = FLASH.MemoryFlash(bytearray(b"\xff" * FLASH.BLOCK * FLASH.BLOCKS))
    flash.writeblocks(3, b"\xf0" * 32, 64)
    flash.writeblocks(3, b"\x3c" * 32, 64)
    assert flash.image[3 * 4096 + 64 : 3 * 4096 + 96] == b"\x30" * 32
    flash.ioctl(6, 3)
    assert set(flash.image) == {0xFF}
    assert (flash.ioctl(4, 0), flash.ioctl(5, 0)) == (98, 4096)


@pytest.mark.parametrize("kind", [FLASH.PROGRAM, FLASH.ERASE])
def test_a_torn_operation_leaves_each_bit_as_it_was_or_as_it_becomes(kind: int) -> None:
    """No bit goes the wrong way, and from cut to cut other bits have changed."""
    done = FLASH.done(kind, OLD, NEW)
    seen = set()
    for seed in range(60):
        torn = FLASH.torn(kind, OLD, NEW, seed)
        assert (bits(torn) ^ bits(OLD)) & ~(bits(OLD) ^ bits(done)) == 0
        seen.add(torn)
    assert len(seen) > 50
    assert any((bits(torn) ^ bits(OLD)).bit_count() > 2000 and torn != done for torn in seen)


def test_tears_are_the_same_in_every_run() -> None:
    """A cut that was found to hurt can be looked at again."""
    assert FLASH.torn(FLASH.ERASE, OLD, b"", 7) == FLASH.torn(FLASH.ERASE, OLD, b"", 7)
