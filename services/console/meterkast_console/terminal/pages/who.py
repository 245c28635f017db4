"""Who is connected."""

from dataclasses import dataclass

from meterkast_console.terminal.figures import lasting
from meterkast_console.terminal.guests import Guest, Guests
from meterkast_console.terminal.line import Line, Span, Style, line
from meterkast_console.terminal.view import View


@dataclass(frozen=True, slots=True)
class Who:
    """Everybody, and which of them is asking."""

    guests: Guests
    asking: Guest

    def __call__(self, _view: View) -> list[Line]:
        """One line each."""
        head = line(Span(f" {'by':<8}{'from':<26}{'here':>16}{'idle':>16}", Style.TITLE))
        return [head, *(self._guest(*present) for present in self.guests.present())]

    def _guest(self, guest: Guest, here_s: float, idle_s: float) -> Line:
        mine = "  you" if guest is self.asking else ""
        return line(f" {guest.kind:<8}{guest.address[:25]:<26}{lasting(here_s):>16}{lasting(idle_s):>16}{mine}")
