"""Who is connected."""

from dataclasses import dataclass

from meterkast_console.terminal.figures import lasting
from meterkast_console.terminal.guests import Guest, Guests
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View

ADDRESS, WIDE_ADDRESS = 16, 40


@dataclass(frozen=True, slots=True)
class Who:
    """Everybody, and which of them is asking."""

    guests: Guests
    asking: Guest

    def __call__(self, view: View) -> list[Line]:
        """One line each."""
        width = min(max(view.width - 48, ADDRESS), WIDE_ADDRESS)
        head = line(Span(f" {'by':<7}{'from':<{width}}{'idle':>12}  {'here':>14}", Style.TITLE))
        return [head, *(self._guest(*present, width) for present in self.guests.present())]

    def _guest(self, guest: Guest, here_s: float, idle_s: float, width: int) -> Line:
        mine = "  you" if guest is self.asking else ""
        times = f"{lasting(idle_s):>12}  {lasting(here_s):>14}"
        return line(f" {guest.kind:<7}{guest.address[: width - 1]:<{width}}{times}{mine}")
