"""Tells the network by mDNS that there is a HomeWizard P1 meter here (RFC 6762 and 6763)."""

import asyncio
import ipaddress
from types import TracebackType
from typing import Self

import ifaddr
from meterkast_runtime.health import Health
from meterkast_runtime.log import get_logger
from zeroconf import InterfaceChoice, IPVersion, NonUniqueNameException, ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from meterkast_api.compat.homewizard import API_VERSION, PRODUCT_NAME, PRODUCT_TYPE

SERVICE = "_hwenergy._tcp.local."
PART = "mdns"
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOG = get_logger("meterkast_api")


class Announcement:
    """Announced while entered; where the network does not let us, health says so and all else goes on."""

    def __init__(self, host: str, port: int, serial: str, health: Health) -> None:
        self._address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
        self._port = port
        self._serial = serial
        self._health = health
        self._zeroconf: AsyncZeroconf | None = None

    async def __aenter__(self) -> Self:
        """Announce."""
        address = self._address
        try:
            self._zeroconf = AsyncZeroconf(
                interfaces=InterfaceChoice.All if address.is_unspecified else [str(address)],
                ip_version=IPVersion.V4Only if address.version == 4 else IPVersion.All,  # noqa: PLR2004 - of IP
            )
            await self._zeroconf.async_register_service(self.service(), allow_name_change=True)
        except (OSError, NonUniqueNameException) as error:
            _LOG.warning("the P1 meter cannot be announced", error=str(error))
            self._health.degraded(f"The P1 meter cannot be announced by mDNS: {error}.", part=PART)
        except asyncio.CancelledError:
            await self._end()
            raise
        else:
            self._health.set(PART, "announced")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Say goodbye."""
        await self._end()

    async def _end(self) -> None:
        if self._zeroconf is not None:
            await self._zeroconf.async_unregister_all_services()
            await self._zeroconf.async_close()

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


def _reachable(address: Address) -> list[str]:
    """The addresses at which others reach a server that listens on this one."""
    if not address.is_unspecified:
        return [str(address)]
    found = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if ip.is_IPv4]
    return [str(one) for one in found if not ipaddress.ip_address(str(one)).is_loopback]
