"""Telegrams that the broker has not acknowledged yet, in one block of memory; the oldest make room for new ones."""

from micropython import const

_HEAD = const(2)


class Ring:
    """A queue of byte strings in `size` bytes, the oldest at its start; `dropped` counts what had to make room.

    While `held` the oldest is on its way and stays where it is: those behind it make room.
    """

    def __init__(self, size):
        self._view = memoryview(bytearray(size))
        self._end = 0
        self.waiting = self.dropped = 0
        self.held = False

    def put(self, data):
        """Keep a copy; False if it has no room, since it exceeds the ring or what is on its way fills it."""
        end = _HEAD + len(data)
        while self._end + end > len(self._view):
            self.dropped += 1
            oldest = self._size(0) if self.held else 0
            if oldest >= self._end or end > len(self._view):
                return False
            self._remove(oldest)
        at = self._end
        self._view[at] = len(data) & 255
        self._view[at + 1] = len(data) >> 8
        self._view[at + _HEAD : at + end] = data
        self._end = at + end
        self.waiting += 1
        return True

    def first(self):
        """The oldest entry, in place: read it before the next `pop()`, or hold it; None if there is none."""
        return self._view[_HEAD : self._size(0)] if self.waiting else None

    def pop(self):
        """Done with the oldest."""
        self._remove(0)

    def _size(self, at):
        return _HEAD + (self._view[at] | self._view[at + 1] << 8)

    def _remove(self, at):
        """Move what follows an entry to its place."""
        end = self._end - self._size(at)
        self._view[at:end] = self._view[at + self._size(at) : self._end]
        self._end = end
        self.waiting -= 1
