"""The chip's flash behind a littlefs2: 98 blocks of 4 KB at the end of 1 MB, NOR: erasing sets bits, programming clears."""

import hashlib

BLOCKS = 98
BLOCK = 4096
PROGRAM, ERASE = 0, 1
_BLANK = b"\xff" * 128


class Flash:
    """A block device as MicroPython's flashbdev, over a bytearray or a file; keeps a journal of writes if it is given one."""

    def __init__(self, image: object, journal: list | None = None) -> None:
        self.image = image
        self.journal = journal
        self.writes = 0

    def readblocks(self, block: int, buffer: bytearray, offset: int = 0) -> None:
        """Fill the buffer."""
        start = block * BLOCK + offset
        if isinstance(self.image, bytearray):
            buffer[:] = self.image[start : start + len(buffer)]
        else:
            self.image.seek(start)
            self.image.readinto(buffer)

    def writeblocks(self, block: int, buffer: bytes, offset: int | None = None) -> None:
        """Program; without an offset, erase the block before."""
        if offset is None:
            self.write(ERASE, block * BLOCK, b"")
            offset = 0
        self.write(PROGRAM, block * BLOCK + offset, buffer)

    def ioctl(self, order: int, argument: int) -> int | None:
        """Tell the size, erase."""
        if order == 4:
            return BLOCKS
        if order == 5:
            return BLOCK
        if order == 6:
            self.write(ERASE, argument * BLOCK, b"")
        return 0

    def write(self, kind: int, start: int, content: bytes) -> None:
        """Carry out one operation of the flash."""
        self.writes += 1
        if self.journal is not None:
            self.journal.append((kind, start, bytes(content)))
        if kind == PROGRAM:
            self.put(start, done(kind, self.get(start, len(content)), content))
        else:
            for piece in range(start, start + BLOCK, len(_BLANK)):
                self.put(piece, _BLANK)

    def get(self, start: int, size: int) -> bytearray:
        """The bytes at a place."""
        found = bytearray(size)
        self.readblocks(0, found, start)
        return found

    def put(self, start: int, content: bytes) -> None:
        """Set the bytes at a place, as no flash could."""
        if isinstance(self.image, bytearray):
            self.image[start : start + len(content)] = content
        else:
            self.image.seek(start)
            self.image.write(content)


def done(kind: int, old: bytes, content: bytes) -> bytes:
    """What stands there after an operation."""
    if kind == ERASE:
        return b"\xff" * BLOCK
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
