"""Whose meter other programs' topics show: they know only one."""

from collections.abc import Callable

_NAMES = 5


class Chosen:
    """The gateway that was named, else the only one there is; several of which none is named are told of."""

    def __init__(self, named: str | None, report: Callable[[str | None], None]) -> None:
        """`report` takes the sentence that tells of it, and None when there is one again."""
        self._named = named
        self._report = report
        self._met: set[str] = set()

    def meet(self, gateway: str) -> None:
        """Note that there is a gateway."""
        if self._named is None and gateway not in self._met:
            self._met.add(gateway)
            self._judge()

    def shows(self, gateway: str) -> bool:
        """Whether a gateway's readings are shown."""
        return gateway == self._named if self._named is not None else self._met == {gateway}

    def forget(self, gateway: str) -> None:
        """A gateway is no more."""
        if gateway in self._met:
            self._met.remove(gateway)
            self._judge()

    def _judge(self) -> None:
        if len(self._met) <= 1:
            self._report(None)
            return
        names = ", ".join(sorted(self._met)[:_NAMES]) + (", …" if len(self._met) > _NAMES else "")
        self._report(
            f"the topics of DSMR-reader and the DSMR logger show one meter, and there are {names}: name one of them in "
            "the setting parser.compat.gateway"
        )
