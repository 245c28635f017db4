"""What the LED tells: 3 slow flashes at the start, 5 fast on WiFi, one per telegram published, lit in the portal."""

from time import ticks_add, ticks_diff, ticks_ms

from machine import Pin


class Led:
    """Plays flashes while `poll()` is called; the LED of an ESP-01 lights when its pin is low."""

    def __init__(self, number):
        self.number = number
        self._pin = None
        self._changes = 0
        self._half_ms = 0
        self._at = 0

    def attach(self):
        """Take the pin, which the UART has when it is GPIO1; call it again after each set-up of the UART."""
        self._pin = Pin(self.number, Pin.OUT, value=1) if self.number else None

    def play(self, times, half_ms):
        """Flash so many times, so long; a longer pattern that is playing goes on."""
        if self._changes < times * 2:
            self._changes = times * 2
            self._half_ms = half_ms
            self._at = ticks_ms()

    def light(self, on):
        """Lit or dark until the next pattern."""
        self._changes = 0
        self._set(on)

    def poll(self):
        """Change the LED if its time has come."""
        if self._changes and ticks_diff(ticks_ms(), self._at) >= 0:
            self._set(self._changes & 1 == 0)
            self._changes -= 1
            self._at = ticks_add(self._at, self._half_ms)

    def _set(self, on):
        if self._pin:
            self._pin(0 if on else 1)
