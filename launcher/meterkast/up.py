"""`meterkast up`: broker and pipeline on this machine, until told to stop."""

import asyncio
import contextlib
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from meterkast_runtime.log import LogSection, configure_logging
from meterkast_runtime.service import settle, supervise
from meterkast_runtime.settings import Settings, load_settings

from meterkast import console, ports
from meterkast.broker import EmbeddedBroker
from meterkast.broker_configuration import BrokerOptions
from meterkast.folder import data_folder
from meterkast.greeting import broker_of, greet
from meterkast.keys import first_code
from meterkast.pipeline import PipelineSettings, services
from meterkast.quiet import quiet

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """What was asked on the command line; None leaves it to the settings."""

    source: str | None = None
    gateway: str | None = None
    port: int | None = None
    lan: bool = False
    insecure: bool = False
    mqtt_port: int | None = None
    mqtt_address: str = LOOPBACK
    broker: str | None = None
    data_dir: Path | None = None
    log_level: str | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is going to be started."""

    pipeline: PipelineSettings
    embedded: BrokerOptions | None
    gateways: tuple[str, ...]
    setup_code: str | None


def run_up(options: UpOptions) -> None:
    """Run until SIGINT or SIGTERM; raises MeterkastError when something keeps it from starting."""
    given = _asked(options)
    settings = load_settings(Settings, overrides=given)
    with data_folder(settings.data_dir) as folder:
        plan = _plan(options, {**given, "data_dir": folder}, settings)
        asyncio.run(_run(plan, sys.stdout))


def _asked(options: UpOptions) -> dict[str, Any]:
    """The options as overrides of the settings."""
    given: dict[str, Any] = {"reader": {}, "mqtt": {}, "api": {}, "log": {}}
    if options.source:
        given["reader"] = {"source": options.source, "sources": ()}
    if options.gateway:
        given["reader"]["gateway"] = options.gateway
    if options.broker:
        given["mqtt"] = broker_of(options.broker)
    if options.lan:
        given["api"]["host"] = "0.0.0.0"
    if options.insecure:
        given["api"]["insecure"] = True
    if options.data_dir:
        given["data_dir"] = options.data_dir
    if options.log_level:
        given["log"] = {"level": options.log_level}
    return given


def _plan(options: UpOptions, given: dict[str, Any], settings: Settings) -> Plan:
    """Choose ports and broker; raises MeterkastError."""
    pipeline = PipelineSettings.load(given)
    gateways = pipeline.check_sources()
    code = asyncio.run(first_code(pipeline.api))
    api = pipeline.api.api
    asked = options.port is not None or "port" in api.model_fields_set
    port = ports.choose(api.host, options.port or api.port, asked=asked, purpose="the web page", option="--port")
    given["api"] = {**given["api"], "port": port}
    given["console"] = console.chosen(
        pipeline.console.console, pipeline.api.api, f"http://{_url_host(api.host)}:{port}"
    )
    embedded = None if "host" in settings.mqtt.model_fields_set else _embedded(options, settings)
    if embedded:
        given["mqtt"] = {"host": _reachable(embedded.address), "port": embedded.port}
    return Plan(PipelineSettings.load(given), embedded, gateways, code)


def _embedded(options: UpOptions, settings: Settings) -> BrokerOptions:
    mqtt = settings.mqtt
    asked = options.mqtt_port is not None or "port" in mqtt.model_fields_set
    port = ports.choose(
        options.mqtt_address, options.mqtt_port or mqtt.port, asked=asked, purpose="MQTT", option="--mqtt-port"
    )
    return BrokerOptions(
        address=options.mqtt_address,
        port=port,
        directory=settings.data_dir.resolve() / "broker",
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
    )


def _url_host(address: str) -> str:
    reachable = _reachable(address)
    return f"[{reachable}]" if ":" in reachable else reachable


def _reachable(address: str) -> str:
    return {"0.0.0.0": LOOPBACK, "::": "::1"}.get(address, address)


def _log(section: LogSection) -> LogSection:
    """For a person at a terminal: warnings only, unless the settings say otherwise."""
    chosen = section.model_fields_set
    return section.model_copy(
        update={
            "level": section.level if "level" in chosen else "warning",
            "format": section.format if "format" in chosen else "console",
        }
    )


async def _run(plan: Plan, out: TextIO) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if plan.embedded is None:
        quiet()
        await greet(plan.pipeline.reader.mqtt)
    configure_logging(_log(plan.pipeline.reader.log))
    async with EmbeddedBroker(plan.embedded) if plan.embedded else contextlib.nullcontext():
        work = asyncio.create_task(
            supervise(services(plan.pipeline, setup_code=plan.setup_code), ready=lambda: _on_live(plan, out))
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            out.write("\nStopping…\n")
            out.flush()
        stopping.cancel()
        work.cancel()
        await asyncio.wait([work])


def _on_live(plan: Plan, out: TextIO) -> None:
    settle()
    _announce(plan, out)


def _announce(plan: Plan, out: TextIO) -> None:
    """Say where to look."""
    mqtt, api = plan.pipeline.reader.mqtt, plan.pipeline.api.api
    page = f"http://{'localhost' if api.loopback else _hostname()}:{api.port}{api.path_prefix}"
    sources = ", ".join(port.source for port in plan.pipeline.reader.reader.ports)
    topics = ", ".join(f"{mqtt.prefix}/{name}/#" for name in plan.gateways[:3])
    more = ", …" if len(plan.gateways) > 3 else ""  # noqa: PLR2004 - three fit on a line
    address = plan.embedded.address if plan.embedded else mqtt.host
    code = f"  setup code {plan.setup_code}, to choose the password on the page\n" if plan.setup_code else ""
    out.write(
        f"Meterkast is live, reading {sources}\n\n"
        f"  web page   {page}/\n"
        f"{code}"
        f"  REST       {page}/docs\n"
        f"  MQTT       {address}:{mqtt.port}, topics {topics}{more}\n"
        f"{''.join(console.lines(plan.pipeline.console.console, _hostname()))}"
        f"  data       {plan.pipeline.reader.data_dir}\n\n"
        "Ctrl-C stops it.\n"
    )
    out.flush()


def _hostname() -> str:
    return socket.gethostname()
