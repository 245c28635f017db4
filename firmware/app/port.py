"""The P1 port: a UART whose setting is found by listening to the usual two in turn."""

from time import ticks_diff, ticks_ms

from micropython import const

SETTINGS = (("115200 8N1", 115200, 8, None), ("9600 7E1", 9600, 7, 0))

_LISTEN_MS = const(13000)  # meters before DSMR 5 send every ten seconds
_LOST_MS = const(60000)
_QUIET_MS = const(400)
_GARBAGE = const(48)


class Port:
    """Feeds a Framer; `line` is the setting that was found, None while it is searched.

    `made` is called whenever the UART has been set up, which takes GPIO1 back from the LED.
    """

    def __init__(self, uart, framer, made):
        self._uart = uart
        self._framer = framer
        self._made = made
        self._setting = -1
        self._since = self._last = ticks_ms()
        self._heard = 0
        self.line = None

    def start(self):
        """Listen to the first setting."""
        self._next()

    def read(self):
        """Length of a whole telegram at the start of the framer's buffer, 0 when nothing is left to read."""
        framer = self._framer
        while True:
            length = framer.find()
            if length:
                return length
            count = self._uart.readinto(framer.room())
            if not count:
                break
            framer.took(count)
            self._heard += count
            self._last = ticks_ms()
        if ticks_diff(ticks_ms(), self._last) < _QUIET_MS:
            return 0
        length = framer.find_idle()
        if not length:
            self._search()
        return length

    def valid(self):
        """The telegram found was whole: this is the right setting; True if that is news."""
        news = not self.line
        self.line = SETTINGS[self._setting][0]
        self._since = ticks_ms()
        self._heard = 0
        return news

    def _search(self):
        """Go on to the other setting when this one gives nothing, or garbage."""
        waited = ticks_diff(ticks_ms(), self._since)
        if self.line:
            if waited > _LOST_MS:
                self.line = None
                self._next()
        elif waited > _LISTEN_MS or (self._heard > _GARBAGE and not self._framer.open):
            self._next()

    def _next(self):
        self._setting = (self._setting + 1) % len(SETTINGS)
        _, baud, bits, parity = SETTINGS[self._setting]
        self._uart.init(baudrate=baud, bits=bits, parity=parity, stop=1)
        self._made()
        self._framer.start()
        self._heard = 0
        self._since = self._last = ticks_ms()
