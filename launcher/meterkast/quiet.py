"""The log of a command that says itself what came of it."""

from meterkast_runtime.log import LogSection, configure_logging


def quiet() -> None:
    """Log errors alone from now on; what is above this process calls it, never what others call as well."""
    configure_logging(LogSection(level="error", format="console"))
