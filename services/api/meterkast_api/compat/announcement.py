"""Tells the network by mDNS that there is a HomeWizard P1 meter here (RFC 6762 and 6763)."""

import asyncio
import ipaddress
import socket
from types import TracebackType
from typing import Self

import ifaddr
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from meterkast_api.compat.homewizard import API_VERSION, PRODUCT_NAME, PRODUCT_TYPE

SERVICE = "_hwenergy._tcp.local."
PART = "mdns"
RETRY_S = 60.0
IPV4 = 4
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOG = get_logger("meterkast_api")


class Announcement:
    """Announced while entered; where the network does not let us, health says so and it is tried again."""

    def __init__(self, host: str, port: int, serial: str, health: Health, *, retry_s: float = RETRY_S) -> None:
        self._address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        self._port = port
        self._serial = serial
        self._health = health
        self._retry_s = retry_s
        self._zeroconf: AsyncZeroconf | None = None
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to announce."""
        self._task = asyncio.create_task(self._announce())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say goodbye."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._close()

    async def _announce(self) -> None:
        while True:
            try:
                service = self.service()
                self._zeroconf = _responder(self._address)
                await self._zeroconf.async_register_service(service, allow_name_change=True)
            except (OSError, RuntimeError, ZeroconfError) as error:
                _LOG.warning("the P1 meter cannot be announced, trying again", error=str(error))
                self._health.set(PART, f"unavailable: {error}")
                await self._close()
            else:
                self._health.set(PART, "announced")
                return
            await asyncio.sleep(self._retry_s)

    async def _close(self) -> None:
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()
            self._zeroconf = None

    def service(self) -> ServiceInfo:
        """What is announced: the same as the original, but for the port."""
        name = f"p1meter-{self._serial[-6:].upper()}"
        return ServiceInfo(
            SERVICE,
            f"{name}.{SERVICE}",
            port=self._port,
            parsed_addresses=_reachable(self._address),
            server=f"{name.lower()}.local.",
            properties={
                "api_enabled": "1",
                "path": f"/api/{API_VERSION}",
                "serial": self._serial,
                "product_type": PRODUCT_TYPE,
                "product_name": PRODUCT_NAME,
            },
        )


def _responder(address: Address) -> AsyncZeroconf:
    """What answers on the interfaces by which the address is reached."""
    return AsyncZeroconf(
        interfaces=InterfaceChoice.All if address.is_unspecified else [str(address)],
        ip_version=IPVersion.V4Only if address.version == IPV4 else IPVersion.All,
    )


def _reachable(address: Address) -> list[str]:
    """The addresses at which others reach a server that listens on this one; raises OSError where there are none yet.

    Asked before zeroconf is, which leaves a socket behind where an address is not this machine's.
    """
    if not address.is_unspecified:
        family = socket.AF_INET if address.version == IPV4 else socket.AF_INET6
        with socket.socket(family, socket.SOCK_DGRAM) as trial:
            trial.bind((str(address), 0))
        return [str(address)]
    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    usable = [one for one in found if not ipaddress.ip_address(one).is_loopback]
    if not usable:
        raise OSError("this machine has no address in any network yet")
    return usable
