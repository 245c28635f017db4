"""Telegrams that the broker has not acknowledged yet, in one block of memory; the oldest make room for new ones."""

from micropython import const

_HEAD = const(2)


class Ring:
    """A queue of byte strings in `size` bytes; `dropped` counts what had to make room.

    An entry never runs over the block's end: `_used_to` is where those that stand behind `_first` end.
    """

    def __init__(self, size):
        self._view = memoryview(bytearray(size))
        self._size = size
        self._first = 0
        self._next = 0
        self._used_to = 0
        self.waiting = 0
        self.dropped = self.popped = 0
        self.held = False

    def put(self, data):
        """Keep a copy; False if it has no room, since it exceeds the ring or the oldest is `held` on its way."""
        need = _HEAD + len(data)
        while need > self._size or not self._fits(need):
            self.dropped += 1
            if need > self._size or self.held:
                return False
            self.pop()
        view = self._view
        at = self._next
        view[at] = len(data) & 255
        view[at + 1] = len(data) >> 8
        view[at + _HEAD : at + need] = data
        self._next = at + need
        self.waiting += 1
        return True

    def first(self):
        """The oldest entry, in place: read it before the next `put()` or `pop()`; None if there is none."""
        if not self.waiting:
            return None
        at = self._first + _HEAD
        return self._view[at : at + self._length()]

    def pop(self):
        """Done with the oldest."""
        self._first += _HEAD + self._length()
        self.waiting -= 1
        self.popped += 1
        if not self.waiting:
            self._first = self._next = self._used_to = 0
        elif self._used_to and self._first == self._used_to:
            self._first = self._used_to = 0

    def _length(self):
        return self._view[self._first] | self._view[self._first + 1] << 8

    def _fits(self, need):
        """Whether an entry has room at `_next`, which may move to the block's start for it."""
        if self._used_to:
            return self._next + need <= self._first
        if self._next + need <= self._size:
            return True
        if need <= self._first:
            self._used_to = self._next
            self._next = 0
            return True
        return False
