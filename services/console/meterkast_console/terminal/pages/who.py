"""Who is connected."""

from dataclasses import dataclass

from meterkast_console.terminal.figures import lasting
from meterkast_console.terminal.guests import Guest, Guests
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

NARROW = 60
ADDRESS, WIDE_ADDRESS = 16, 40


@dataclass(frozen=True, slots=True)
class Who:
    """Everybody, and which of them is asking."""

    guests: Guests
    asking: Guest

    def __call__(self, view: View) -> list[Line]:
        """One line each; how long they have been here where there is room for it."""
        whole = view.width >= NARROW
        width = min(max(view.width - 48, ADDRESS), WIDE_ADDRESS)
        here = f"{'here':>14}" if whole else ""
        head = line(Span(f" {'by':<7}{'from':<{width}}{'idle':>12}{here}", Style.TITLE))
        return [head, *(self._guest(*present, width, whole=whole) for present in self.guests.present())]

    def _guest(self, guest: Guest, here_s: float, idle_s: float, width: int, *, whole: bool) -> Line:
        mine = " you" if guest is self.asking else ""
        here = f"{lasting(here_s):>14}" if whole else ""
        return line(f" {guest.kind:<7}{guest.address[: width - 1]:<{width}}{lasting(idle_s):>12}{here}{mine}")
