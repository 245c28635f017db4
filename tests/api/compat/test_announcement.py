"""The P1 meter on mDNS, looked for as HomeWizard's clients do; on loopback alone."""

import asyncio

from meterkast_api.compat.announcement import Announcement
from meterkast_api.compat.settings import CompatSection
from meterkast_contracts.messages import HealthStatus
from meterkast_runtime.health import Health
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from tests.api.houses import House, house
from tests.brokers import Broker

SERVICE = "_hwenergy._tcp.local."


async def test_a_browser_finds_the_meter_with_address_port_and_serial(mosquitto: Broker) -> None:
    """Switched on, it is announced with the original's keys and our port, and leaves with a goodbye."""
    names: asyncio.Queue[tuple[ServiceStateChange, str]] = asyncio.Queue()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        del zeroconf, service_type
        names.put_nowait((state_change, name))

    async with AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only) as network:
        browser = AsyncServiceBrowser(network.zeroconf, [SERVICE], handlers=[changed])
        async with house(mosquitto, compat=CompatSection(announce=True)) as here:
            async with asyncio.timeout(20):
                change, name = await names.get()
            assert change is ServiceStateChange.Added
            found = AsyncServiceInfo(SERVICE, name)
            assert await found.async_request(network.zeroconf, 5000)
            device = (await here.get("/api")).json()
            assert name == f"p1meter-{device['serial'][-6:].upper()}.{SERVICE}"
            assert found.parsed_addresses() == ["127.0.0.1"]
            assert found.port == here.service.port
            assert found.decoded_properties == {
                "api_enabled": "1",
                "path": "/api/v1",
                "serial": device["serial"],
                "product_type": "HWE-P1",
                "product_name": "P1 Meter",
            }
            await here.until(lambda: _announced(here))
        async with asyncio.timeout(20):
            while (await names.get())[0] is not ServiceStateChange.Removed:
                pass
        await browser.async_cancel()


async def test_nothing_is_announced_unless_switched_on(mosquitto: Broker) -> None:
    """Health knows of no announcement."""
    async with house(mosquitto) as here:
        assert "mdns" not in (await here.get("/health")).json()["checks"]


async def _announced(here: House) -> bool:
    checks: dict[str, str] = (await here.get("/health")).json()["checks"]
    return checks.get("mdns") == "announced"


async def test_where_it_cannot_be_announced_health_says_so() -> None:
    """An address that is not this machine's (RFC 5737) is tried again and again, and all else goes on."""
    health = Health("api")
    async with Announcement("192.0.2.1", 8080, "020000000001", health, retry_s=0.01), asyncio.timeout(10):
        while "unavailable" not in health.message().checks.get("mdns", ""):  # noqa: ASYNC110 - a state of another task
            await asyncio.sleep(0.01)
    assert health.message().status is not HealthStatus.DEGRADED
