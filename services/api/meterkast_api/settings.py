"""Settings of the API: the `[api]` section beside the common ones and `[store]`."""

import ipaddress
from typing import Annotated

from meterkast_runtime.settings import Section, Settings
from meterkast_store.settings import StoreSettings
from pydantic import Field, ValidationInfo, field_validator


class ApiSection(Section):
    """Where the API listens, who may ask, and how much a live stream may hold."""

    insecure: bool = Field(
        default=False, description="Listen beyond this machine although nobody has to log in: everyone can read."
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Further host names by which browsers may call us, e.g. meterkast.example.org."
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may read the API, e.g. https://example.org."
    )
    stream_buffer: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2000, description="How many events are kept for clients that resume."
    )
    stream_queue: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=256, description="How many events may wait for one slow client before it is sent the newest state."
    )
    max_streams: Annotated[int, Field(ge=1)] = 1000
    heartbeat_s: Annotated[float, Field(gt=0)] = 15.0
    import_mb: Annotated[int, Field(ge=1)] = Field(default=512, description="How large a file to import may be.")

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return _is_loopback(self.host)

    @field_validator("host")
    @classmethod
    def _guarded(cls, host: str, info: ValidationInfo) -> str:
        if not _is_loopback(host) and not info.data.get("insecure"):
            raise ValueError(
                f"{host} can be reached by others and there is no login yet: "
                "use 127.0.0.1 (behind a proxy that asks for a password), or set insecure = true in the section [api]"
            )
        return host


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class ApiSettings(Settings):
    """Everything the API is told."""

    api: ApiSection = ApiSection()
    store: StoreSettings = StoreSettings()
