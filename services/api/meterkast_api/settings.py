"""Settings of the API: the `[api]` section beside the common ones, `[compat]` and `[store]`."""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Literal, Self

from meterkast_runtime.addresses import is_loopback
from meterkast_runtime.settings import Section, Settings
from meterkast_store.settings import StoreSettings
from pydantic import Field, SecretStr, field_validator, model_validator

from meterkast_api.access.passwords import complaint
from meterkast_api.compat.settings import CompatSection

LEAST_TOKEN = 32
"""Characters; as many as nobody guesses where they are random."""
LEAST_HELD = 20
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")


class ApiSection(Section):
    """Where the API listens, who may ask, and how much a live stream may hold."""

    insecure: bool = Field(default=False, description="Let everybody who can reach us read, without a login.")
    require_login: bool = Field(
        default=False,
        description="Ask for a login to read on loopback too, e.g. behind a reverse proxy that others can reach.",
    )
    password: SecretStr | None = Field(
        default=None, description="The password, instead of one chosen on the page or by `meterkast password`."
    )
    console_token: SecretStr | None = Field(
        default=None,
        min_length=LEAST_TOKEN,
        description="The token by which a console elsewhere comes, made outside: its `[console] token`.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    path_prefix: str = Field(default="", description="Where a reverse proxy shows us, e.g. /meterkast.")
    trusted_proxies: tuple[str, ...] = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses or networks of the proxies whose X-Forwarded-For, -Proto and -Host are believed.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(), description="Further host names by which browsers may call us, e.g. meterkast.example.org."
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(), description="Origins whose pages may use the API, e.g. https://example.org."
    )
    stream_buffer: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=2000, description="How many events are kept for clients that resume."
    )
    stream_queue: Annotated[int, Field(ge=1, le=10_000)] = Field(
        default=256, description="How many events may wait for one slow client before it is sent the newest state."
    )
    max_streams: Annotated[int, Field(ge=1)] = 1000
    hold: Literal["all"] | Annotated[int, Field(ge=LEAST_HELD)] = Field(
        default="all",
        description='How many gateways to listen to at a time: "all", or for thousands of them a number; the least '
        f"recently asked goes first. At least {LEAST_HELD}, since the page listens to as many.",
    )
    heartbeat_s: Annotated[float, Field(gt=0)] = 15.0
    price_topic: str | None = Field(
        default=None,
        min_length=1,
        pattern=r"^[^+#\x00]+$",
        description='MQTT topic of market prices: {"from": "2026-03-29T14:00Z", "price_kwh": 0.0812}, or a list.',
    )
    import_mb: Annotated[int, Field(ge=1)] = Field(default=512, description="How large a file to import may be.")
    firmware_url: str | None = Field(
        default=None,
        pattern=r"^http://[^\s/?#]+(/[^\s?#]*)?$",
        description="By which address gateways fetch their firmware, e.g. http://192.168.1.10:8080; that of the "
        "request which orders the update if absent.",
    )
    firmware_key: Path | None = Field(
        default=None, description="The public key (PEM or DER) that releases of firmware must be signed with."
    )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach us."""
        return is_loopback(self.host)

    @property
    def everybody_reads(self) -> bool:
        """Whether reading needs no login."""
        return self.insecure or (self.loopback and not self.require_login)

    @field_validator("password")
    @classmethod
    def _long_enough(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and (wrong := complaint(password.get_secret_value())):
            raise ValueError(wrong)
        return password

    @field_validator("path_prefix")
    @classmethod
    def _a_path(cls, prefix: str) -> str:
        prefix = prefix.rstrip("/")
        if not _PREFIX.fullmatch(prefix):
            raise ValueError(f"{prefix!r} is no path: use one such as /meterkast")
        return prefix

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ipaddress.ip_network(proxy)
            except ValueError as error:
                raise ValueError(
                    f"{proxy!r} is no address or network: use one such as 192.168.1.2 or 172.16.0.0/12"
                ) from error
        return proxies

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.insecure and self.require_login:
            raise ValueError("insecure lets everybody read and require_login nobody: set one of them")
        return self


class ApiSettings(Settings):
    """Everything the API is told."""

    api: ApiSection = ApiSection()
    compat: CompatSection = CompatSection()
    store: StoreSettings = StoreSettings()
