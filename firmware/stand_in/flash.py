"""The chip's flash behind a littlefs2: 98 blocks of 4 KB, NOR: erasing sets bits, programming clears them."""

import hashlib

BLOCKS = 98
BLOCK = 4096
PROGRAM, ERASE = 0, 1
_BLANK = b"\xff" * 128


class Flash:
    """A block device as MicroPython's flashbdev, over a file; keeps a journal of its writes if it is given one."""

    def __init__(self, image: object, journal: list | None = None) -> None:
        self.image = image
        self.journal = journal

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Fill the buffer."""
        self.image.seek(block * BLOCK + offset)
        self.image.readinto(buffer)

    def writeblocks(self, block: int, buffer: bytes, offset: int | None = None) -> None:
        """Program; without an offset, erase the block before."""
        if offset is None:
            self.erase(block)
            offset = 0
        start = block * BLOCK + offset
        if self.journal is not None:
            self.journal.append((PROGRAM, start, bytes(buffer)))
        old = bytearray(len(buffer))
        self.readblocks(0, old, start)
        self.put(start, done(PROGRAM, old, buffer))

    def ioctl(self, order: int, argument: int) -> int | None:
        """Tell the size, erase."""
        if order == 4:
            return BLOCKS
        if order == 5:
            return BLOCK
        if order == 6:
            self.erase(argument)
        return 0

    def erase(self, block: int) -> None:
        """Set every bit of a block."""
        if self.journal is not None:
            self.journal.append((ERASE, block * BLOCK, b""))
        for piece in range(0, BLOCK, len(_BLANK)):
            self.put(block * BLOCK + piece, _BLANK)

    def put(self, start: int, content: bytes) -> None:
        """Set the bytes at a place, as no flash could."""
        self.image.seek(start)
        self.image.write(content)


class MemoryFlash(Flash):
    """The same over a bytearray, quicker."""

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Fill the buffer."""
        start = block * BLOCK + offset
        buffer[:] = self.image[start : start + len(buffer)]

    def put(self, start: int, content: bytes) -> None:
        """Set the bytes at a place."""
        self.image[start : start + len(content)] = content

    def erase(self, block: int) -> None:
        """Set every bit of a block."""
        if self.journal is not None:
            self.journal.append((ERASE, block * BLOCK, b""))
        self.put(block * BLOCK, b"\xff" * BLOCK)


def done(kind: int, old: bytes, content: bytes) -> bytes:
    """What stands there after an operation."""
    if kind == ERASE:
        return b"\xff" * BLOCK
    if old == _BLANK[: len(old)]:
        return content
    return _number(_int(old) & _int(content), len(old))


def torn(kind: int, old: bytes, content: bytes, seed: int) -> bytes:
    """What stands there after an operation in whose midst the power was cut: any of its bits may have changed yet."""
    new = done(kind, old, content)
    chance = hashlib.sha256(b"%d" % seed).digest()
    if chance[0] < 80:
        end = (chance[1] << 8 | chance[2]) % (len(old) + 1)
        return new[:end] + old[end:]
    changed = _int(old) ^ _int(new)
    mask = _noise(seed, len(old))
    if chance[0] < 130:
        mask &= _noise(seed + 1, len(old)) & _noise(seed + 2, len(old))
    elif chance[0] < 180:
        mask |= _noise(seed + 1, len(old)) | _noise(seed + 2, len(old))
    return _number(_int(old) ^ (changed & mask), len(old))


def _noise(seed: int, size: int) -> int:
    pieces = [hashlib.sha256(b"%d %d" % (seed, i)).digest() for i in range(size // 32 + 1)]
    return _int(b"".join(pieces)[:size])


def _int(content: bytes) -> int:
    return int.from_bytes(content, "big")


def _number(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")
