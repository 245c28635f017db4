"""Whose meter other programs' topics show: they know only one."""

from collections.abc import Callable


class Chosen:
    """The gateway that was named, else the only one there is; several of which none is named are told of, once."""

    def __init__(self, named: str | None, report: Callable[[str], None]) -> None:
        self._named = named
        self._report = report
        self._met: set[str] = set()

    def meet(self, gateway: str) -> None:
        """Note that there is a gateway."""
        if self._named is None and gateway not in self._met:
            self._met.add(gateway)
            if len(self._met) > 1:
                self._report(
                    f"the topics of DSMR-reader and the DSMR logger show one meter, and there are "
                    f"{', '.join(sorted(self._met))}: name one of them in the setting parser.compat.gateway"
                )

    def shows(self, gateway: str) -> bool:
        """Whether a gateway's readings are shown."""
        return gateway == self._named if self._named is not None else self._met == {gateway}

    def forget(self, gateway: str) -> None:
        """A gateway is no more."""
        self._met.discard(gateway)
