"""Logging: one line per event, for people on a terminal and as JSON elsewhere."""

import logging
import sys
from typing import Any, Literal

from meterkast_runtime.section import Section
from meterkast_runtime.unused import without

with without("rich"):  # a sixth of a service's start and 4 MB of it, for tracebacks in colour
    import structlog
    from structlog.typing import FilteringBoundLogger, Processor

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class LogSection(Section):
    """The `log` section; `auto` is console on a terminal and JSON elsewhere."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


def get_logger(name: str) -> FilteringBoundLogger:
    """Return the logger of a part; its events are sentences, its keywords their values."""
    logger: FilteringBoundLogger = structlog.get_logger(part=name)
    return logger


def configure_logging(section: LogSection | None = None) -> None:
    """Send the log of this process, libraries included, to standard error."""
    section = section or LogSection()
    level = LEVELS[section.level]
    console = section.format == "console" or (section.format == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
        structlog.processors.StackInfoRenderer(),
    ]
    render: list[Processor] = (
        [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _library_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)


def _library_name(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    event["part"] = event["_record"].name
    return event
