"""Which InfluxDB, and how to be let in."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from meterkast_store.errors import StoreSettingsError
from meterkast_store.settings import StoreSettings

SCHEMES = {"influxdb": "http", "influxdbs": "https"}


@dataclass(frozen=True, slots=True)
class InfluxPlace:
    """An InfluxDB server of any version, the databases (buckets) on it, and the credentials."""

    url: str
    database: str
    samples_database: str
    retention_days: int = 90
    org: str = ""
    token: str | None = None
    username: str | None = None
    password: str | None = None
    timeout_s: float = 10.0

    @property
    def name(self) -> str:
        """What errors call it; it holds no secret."""
        return f"{self.database} at {self.url}"

    @property
    def headers(self) -> dict[str, str]:
        """What lets us in by token."""
        return {"Authorization": f"Token {self.token}"} if self.token else {}

    @property
    def login(self) -> tuple[str, str] | None:
        """What lets us in by name."""
        return (self.username, self.password or "") if self.username and not self.token else None


def influx_place(settings: StoreSettings, url: str) -> InfluxPlace:
    """Take `influxdb://[name:password@]host:8086/database` apart; what stands in the settings wins."""
    parts = urlsplit(url)
    database = settings.bucket or parts.path.strip("/")
    if parts.scheme not in SCHEMES or not parts.hostname or not database:
        raise StoreSettingsError(
            "use the history at", url.rpartition("@")[2], "the url names no server or no database",
            hint="write [store] url as influxdb://host:8086/database (influxdbs:// with TLS)",
        )  # fmt: skip
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    name, password = parts.username and unquote(parts.username), parts.password and unquote(parts.password)
    return InfluxPlace(
        url=f"{SCHEMES[parts.scheme]}://{host}:{parts.port or 8086}",
        database=database,
        samples_database=settings.samples_bucket or f"{database}_samples",
        retention_days=settings.retention_days,
        org=settings.org,
        token=settings.token.get_secret_value() if settings.token else None,
        username=settings.username or name,
        password=settings.password.get_secret_value() if settings.password else password,
        timeout_s=settings.timeout_s,
    )
